import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { registryAt } from '../../engine/pipeline/registry.ts';
import { type Ran, type Workshop, workshop } from '../rigs/workshop.ts';

const kinds = registryAt(join(import.meta.dirname, '../rigs/kinds'));

function teller(end = 'ok'): Workshop {
  const yaml = `name: told
in: { data: ./data.txt }
stages:
  tell:
    uses: teller
    in: { file: in.data, many: { b: in.data, a: in.data } }
    with: { end: ${end} }
    pass_env: [SECRET]
    env: { OPEN: "1" }
out: { facts: tell.facts, folder: tell.folder }
`;
  return workshop({ 'p.yaml': yaml, 'data.txt': 'data\n' }, kinds);
}

function failureOf(ran: Ran): unknown {
  return ran.of('stage-done')[0]?.failure;
}

describe('a kind in its own process', () => {
  it('sees its inputs, parameters and a strict environment', async () => {
    const w = teller();
    const ran = await w.run();
    expect(ran.result.outcome).toBe('done');
    expect(JSON.parse(w.read('out/told/facts.json'))).toMatchObject({
      file: ['file.txt', 'data\n'],
      many: [
        ['a', 'a.txt', 'data\n'],
        ['b', 'b.txt', 'data\n'],
      ],
      threads: 2,
      env: [
        'CUDA_VISIBLE_DEVICES',
        'HOME',
        'LANG',
        'OPEN',
        'PATH',
        'PYTHONDONTWRITEBYTECODE',
        'PYTHONHASHSEED',
        'TMPDIR',
        'TZ',
      ],
    });
    expect(w.list('out/told/folder')).toEqual(['member.txt']);
    expect(ran.of('stage-note').map(({ text }) => text)).toEqual(['begins']);
    expect(ran.of('stage-progress')[0]).toMatchObject({
      step: 1,
      total: 2,
      unit: 'rows',
      metrics: { loss: 0.5 },
    });
    expect(ran.of('stage-metric')[0]).toMatchObject({ name: 'loss', value: 0.5, step: 1 });
    expect(ran.of('stage-report')[0]).toMatchObject({ markdown: '| a |\n|---|\n| 1 |' });
  });

  it('shows its table again where its result is one of the pipeline', async () => {
    const w = teller();
    await w.run();
    const again = await w.run();
    expect(again.result.stages.map(({ action }) => action)).toEqual(['fresh']);
    expect(again.of('stage-report').map(({ markdown }) => markdown)).toEqual(['| a |\n|---|\n| 1 |']);
    w.write('p.yaml', w.read('p.yaml').replace(/^out:.*$/m, ''));
    expect((await w.run()).of('stage-report')).toEqual([]);
  });

  it('fails in its own words', async () => {
    expect(failureOf(await teller('fail').run())).toMatchObject({
      code: 'bad-rows',
      message: 'Row 3 has no prompt.',
      hint: 'fix it',
      row: 3,
      exitCode: 1,
    });
  });

  it.each([
    ['blame file', 'user', undefined, 'data\n'],
    ['blame many', 'user', undefined, 'data\n'],
    ['blame file', 'made', 'make.rows', 'made\n'],
    ['blame many', 'made', 'make.rows', 'made\n'],
    ['blame inside', 'tree', 'make.tree/d/f', 'x\n'],
  ])(
    '%s of %s: its name in the pipeline, and a path that is still there',
    async (end, stage, input, text) => {
      const stages = `  make: { run: 'echo made > \${out.rows}; mkdir \${out.tree}/d; echo x > \${out.tree}/d/f', out: { rows: file, tree: folder } }
  user: { uses: teller, in: { file: in.data, many: { a: in.data } }, with: { end: ${end} } }
  made: { uses: teller, in: { file: make.rows, many: { a: make.rows } }, with: { end: ${end} } }
  tree: { uses: teller, in: { folder: make.tree }, with: { end: ${end} } }
`;
      const files = {
        'p.yaml': `name: told\nin: { data: ./data.txt }\nstages:\n${stages}`,
        'data.txt': 'data\n',
      };
      const w = workshop(files, kinds);
      const ran = await w.run({ only: [stage] });
      const failure = ran.of('stage-done').find((event) => event.stage === stage)?.failure;
      expect(failure?.input).toBe(input);
      expect(readFileSync(failure?.file ?? '', 'utf8')).toBe(text);
    },
  );

  it('has a bug: the stack is in the log', async () => {
    const w = teller('throw');
    const failure = failureOf(await w.run()) as { code: string; exitCode: number; log: string };
    expect(failure).toMatchObject({ code: 'internal-error', message: 'a bug', exitCode: 70 });
    expect(w.read(failure.log)).toContain('Error: a bug');
  });

  it('is told to stop, and has time to', async () => {
    const w = teller('wait');
    const stop = new AbortController();
    const running = w.run({ stop: stop.signal, threads: 3 });
    // The run's journal is its only sign from outside; the stage says when it waits.
    const { watch } = await import('node:fs/promises');
    for await (const _ of watch(w.root, { recursive: true })) {
      const [run] = w.has('.warren/runs') ? w.list('.warren/runs') : [];
      if (run !== undefined && w.read(`.warren/runs/${run}/events.jsonl`).includes('"waits"')) break;
    }
    stop.abort();
    const ran = await running;
    expect(ran.result.outcome).toBe('interrupted');
    expect(ran.actions).toEqual({ tell: 'cancelled' });
  });

  it('another thread count is another key; another core count is not', async () => {
    const w = teller();
    const [two, four] = [await w.plan({ threads: 2 }), await w.plan({ threads: 4 })];
    expect(two.stages[0]?.key).not.toBe(four.stages[0]?.key);
    await w.run({ threads: 2 });
    expect((await w.plan({ threads: 4 })).stages[0]?.because).toEqual([
      { kind: 'other', field: 'backend.threads' },
    ]);
    const more = w.read('p.yaml').replace('    with:', '    resources: { cpus: 1 }\n    with:');
    w.write('p.yaml', more);
    expect((await w.plan({ threads: 2 })).stages[0]?.label).toBe('fresh');
  });
});
