import { type Dirent, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../stages/runtime/random.ts';
import { Tree } from '../rigs/program.ts';

const PIPELINE = `name: demo
in: { data: ./data.txt }
stages:
  a: { in: { data: in.data }, run: 'cp \${in.data} \${out.o}', out: { o: file } }
  b: { in: { o: a.o }, run: 'mkdir \${out.d}/sub; cp \${in.o} \${out.d}/sub/x', out: { d: folder } }
  c: { in: { x: b.d/sub/x }, run: 'cat \${in.x} \${in.x} > \${out.o}', out: { o: file } }
out: { c: c.o, d: b.d }
`;

/** Everything that warren keeps for itself, bytes of results apart. */
function stateFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry: Dirent) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'objects' ? [] : stateFiles(path);
    return [path];
  });
}

const SPOIL: readonly ((bytes: Buffer, at: number) => Buffer)[] = [
  (bytes, at) => {
    const spoiled = Buffer.from(bytes);
    spoiled[at] = (spoiled[at] ?? 0) ^ 4;
    return spoiled;
  },
  (bytes, at) => bytes.subarray(0, at),
  (bytes) => Buffer.concat([bytes, bytes]),
  () => Buffer.from('null'),
  () => Buffer.from('{"schema":"warren/seal/6","pid":"x"}\n[]\n'),
];

describe('state that was spoiled', () => {
  it('is noticed or harms nobody: the same call gives the same results', async () => {
    const random = randomStream(7, 'state');
    const tree = new Tree({ 'p.yaml': PIPELINE, 'data.txt': 'x\n' });
    expect((await tree.warren('run', 'p.yaml')).code).toBe(0);
    for (let round = 0; round < 6; round++) {
      const files = stateFiles(tree.path('.warren'));
      for (const file of files) {
        if (random.next() < 0.4) continue;
        const { mtimeMs, size } = statSync(file);
        const spoil = SPOIL[random.integer(SPOIL.length)] as (typeof SPOIL)[number];
        writeFileSync(file, spoil(readFileSync(file), random.integer(Math.max(1, size))));
        // As rot would: the times stay.
        utimesSync(file, mtimeMs / 1000, mtimeMs / 1000);
      }
      tree.write('out/demo/c', 'spoiled');
      const ran = await tree.warren('run', 'p.yaml');
      expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining('Internal error')]);
      expect([tree.read('out/demo/c'), tree.read('out/demo/d/sub/x')]).toEqual(['x\nx\n', 'x\n']);
    }
    for (const command of [
      ['status'],
      ['why', 'a'],
      ['cache', 'gc'],
      ['cache', 'verify', '--repair'],
      ['cache', 'du'],
    ]) {
      const { stderr } = await tree.warren(...command);
      expect([command, stderr]).toEqual([command, expect.not.stringContaining('Internal error')]);
    }
  });
});
