import { describe, expect, it, vi } from 'vitest';
import { containers, podmanOnPath, running } from '../rigs/containers.ts';
import { Tree } from '../rigs/program.ts';

const rig = containers();

describe.skipIf(rig === undefined)('a command in a container', () => {
  const real = rig as NonNullable<typeof rig>;

  it('ends with the engine, however that ends', async () => {
    const up = `echo '{"type":"note","text":"up"}' >&3`;
    const command = JSON.stringify(`${up}; while :; do sleep 0.05; done`);
    const tree = new Tree({
      'p.yaml': `name: p\nstages:\n  a: { run: ${command}, out: { o: file }, container: "${real.image}" }\n`,
    });
    const engine = tree.start(['run', 'p.yaml'], { PATH: podmanOnPath(real), ...real.env });
    await engine.printed('up', 'stderr');
    const { key } = JSON.parse((await tree.start(['plan', 'p.yaml', '--json']).done).stdout).stages[0];
    const name = `w-${String(key).replace('sha256:', '').slice(0, 20)}`;
    expect(await running(real, name)).not.toBe('');
    engine.kill('SIGKILL');
    await engine.done;
    await vi.waitFor(async () => expect(await running(real, name)).toBe(''), {
      timeout: 25_000,
      interval: 200,
    });
  }, 40_000);
});
