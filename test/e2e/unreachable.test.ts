/** A host that takes connections and never says a word: what waits for it ends when the run is stopped, not when ssh gives up. */
import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Tree } from '../rigs/program.ts';

it('does not hold a run that is stopped', { timeout: 12_000 }, async () => {
  const sockets: Socket[] = [];
  let connected = (): void => {};
  const first = new Promise<void>((resolve) => {
    connected = resolve;
  });
  const server = createServer((socket) => {
    sockets.push(socket.resume().on('error', () => {}));
    connected();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { readonly port: number };
  const tree = new Tree({
    'p.yaml': 'stages: { a: { run: "echo > ${out.o}", out: { o: file } } }\nout: { o: a.o }\n',
    'warren.yaml': 'profiles: { lab: { executor: ssh, hosts: [mute], config: ./ssh.conf } }\n',
    'ssh.conf': `Host mute\n  HostName 127.0.0.1\n  Port ${port}\n`,
  });
  const run = tree.start(['run', 'p.yaml', '--profile', 'lab']);
  await first;
  run.kill('SIGINT');
  expect((await run.done).code).toBe(130);
  // No ssh is left behind.
  await expect
    .poll(() => sockets.every(({ readableEnded, destroyed }) => readableEnded || destroyed))
    .toBe(true);
});
