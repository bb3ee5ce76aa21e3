import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startPuppets } from '../rigs/puppets.ts';
import { HAS_TURBO, type Peer, turbo, warren, wireit } from './differential/engines.ts';

/** One stage that copies `in.txt` to an output, in the words of each engine; the command is on strings. */
const FILES: { readonly [peer: string]: (command: string) => { readonly [name: string]: string } } = {
  warren: (command) => ({
    'warren.yaml': '',
    'peer.yaml': `name: peer\nstages: { s0: { run: ${command}, in: { i: ./in.txt }, out: { o: file } } }\nout: { o: s0.o }\n`,
  }),
  wireit: (command) => ({
    'package.json': JSON.stringify({
      name: 'peer',
      version: '1.0.0',
      scripts: { all: 'wireit' },
      wireit: { all: { command: shell(command), files: ['in.txt'], output: ['out/o'] } },
    }),
  }),
  turbo: (command) => ({
    'package.json': JSON.stringify({
      name: 'peer',
      version: '1.0.0',
      private: true,
      packageManager: 'npm@11.0.0',
      scripts: { s0: shell(command) },
    }),
    'turbo.json': JSON.stringify({ tasks: { s0: { inputs: ['in.txt'], outputs: ['out/o'] } } }),
    '.gitignore': 'out\n.turbo\n',
  }),
};

function shell(words: string): string {
  const [node, script, socket, name] = JSON.parse(words) as string[];
  return `${node} ${script} ${socket} ${name} in.txt out/o`;
}

/** V1 when it starts, V2 when the stage reads, V1 again before it ends. Then asks once more: what stands there for V1? */
async function standsForV1(peer: Peer, out: string): Promise<{ text: string; calls: number }> {
  const p = await startPuppets();
  const folder = mkdtempSync(join(tmpdir(), `warren-n03-`));
  onTestFinished(() => {
    p.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const files = FILES[peer.name]?.(p.run('s0', 'in.i', 'out.o')) ?? {};
  for (const [name, text] of Object.entries(files)) write(name, text);
  mkdirSync(join(folder, 'out'));
  write('in.txt', 'V1');
  const first = peer.run(folder);
  const stage = await p.next('s0');
  write('in.txt', 'V2');
  await stage.copy(stage.words[0] as string, stage.words[1] as string);
  write('in.txt', 'V1');
  stage.exit();
  await first;

  const again = peer.run(folder);
  const rerun = await Promise.race([p.next('s0'), again.then(() => undefined)]);
  if (rerun !== undefined) {
    await rerun.copy(rerun.words[0] as string, rerun.words[1] as string);
    rerun.exit();
    await again;
  }
  return { text: readFileSync(join(folder, out), 'utf8'), calls: p.count('s0') };
}

describe('N3: an input that is edited while a stage runs, and put back', () => {
  it('warren does not take the result for that of the input, and makes it again', async () => {
    expect(await standsForV1(warren, 'out/peer/o')).toEqual({ text: 'V1', calls: 2 });
  });

  it('wireit keeps the result of the edit', async () => {
    expect(await standsForV1(wireit, 'out/o')).toEqual({ text: 'V2', calls: 1 });
  });

  it.skipIf(!HAS_TURBO)('turbo (scripts/peers.sh) keeps the result of the edit', async () => {
    expect(await standsForV1(turbo, 'out/o')).toEqual({ text: 'V2', calls: 1 });
  });
});
