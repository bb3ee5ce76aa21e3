import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { findGroups } from '../../engine/executors/cap/cgroup.ts';
import { findMemoryCap } from '../../engine/executors/cap/memory.ts';
import { workshop } from '../rigs/workshop.ts';

const MIB = 2 ** 20;
const cap = findMemoryCap();
const profiles = new Map([
  [
    'local',
    {
      name: 'local',
      settings: { executor: 'local', cap_memory: true } as const,
      resources: {},
      kinds: new Map(),
      stages: new Map(),
    },
  ],
]);
/** Takes so many mebibytes and writes to each page of them. */
const take = (mib: number, then: string): string =>
  `node -e 'const all = []; for (let i = 0; i < ${mib}; i++) all.push(Buffer.alloc(1048576, 1)); ${then}'`;

describe.skipIf(cap?.of !== 'group')('a cap on the memory of a stage, by control groups', () => {
  it('lets it have what it asked for', async () => {
    const w = workshop({
      'p.yaml': `name: p
stages:
  a:
    run: |
      ${take(20, 'console.log(all.length)')} > \${out.o}
    out: { o: file }
    resources: { memory: 400M }
out: { o: a.o }
`,
    });
    const ran = await w.run({ profiles });
    expect(ran.actions).toEqual({ a: 'ran' });
    expect(w.read('out/p/o')).toBe('20\n');
  });

  it('ends it when it takes more, and that is known as the cause', async () => {
    const w = workshop({
      'p.yaml': `name: p
stages:
  a:
    run: |
      ${take(400, 'require("fs").writeFileSync(process.env.WARREN_OUT_O, "x")')}
    out: { o: file }
    resources: { memory: 150M }
    retries: { max: 1, on: [oom], grow: { memory: 6 } }
`,
    });
    const ran = await w.run({ profiles });
    expect(ran.of('stage-retrying')).toMatchObject([
      { stage: 'a', cause: 'oom', failure: { code: 'out-of-memory' } },
    ]);
    expect(ran.actions).toEqual({ a: 'ran' });
  });

  it('counts all of its processes together, and leaves no group behind', async () => {
    const one = take(100, 'setTimeout(() => all.length, 1500)');
    const held = cap?.hold(['/bin/sh', '-c', `${one} & ${one} & wait`], 150 * MIB);
    const [file, ...words] = held?.argv ?? ['false'];
    const group = words[2] as string;
    expect(existsSync(join(group, 'cgroup.procs'))).toBe(true);
    spawnSync(file as string, words);
    expect(held?.end()).toBe(true);
    await vi.waitFor(() => expect(existsSync(group)).toBe(false), 20_000);
  });
});

describe('a cap on memory', () => {
  it('is found where this process is, or above', () => {
    for (const { folder, version } of findGroups()) {
      expect(folder.startsWith('/')).toBe(true);
      expect([1, 2]).toContain(version);
    }
    expect(cap === undefined || cap.shown.length > 0).toBe(true);
  });
});
