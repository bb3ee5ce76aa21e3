import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Key, StageId } from '../../base/ids.ts';
import { readAction } from '../../cache/actions.ts';
import { selectTargets } from '../../engine/plan/targets.ts';
import { whyKey } from '../../engine/plan/why.ts';
import { type Acceptance, acceptStages } from '../../engine/run/accept.ts';
import { labels, type Workshop, workshop } from '../rigs/workshop.ts';

const YAML = `name: same
in: { data: ./data.txt }
stages:
  up: { run: "cat \${in.data} > \${out.o}", in: { data: in.data }, with: { lr: 1 }, out: { o: file } }
  down: { run: "cat \${in.o} > \${out.o}", in: { o: up.o }, env: { MODE: a }, out: { o: file } }
out: { down: down.o }
`;

async function ready(): Promise<Workshop> {
  const w = workshop({ 'p.yaml': YAML, 'data.txt': 'x\n' });
  await w.run();
  return w;
}

async function accept(
  w: Workshop,
  words: readonly string[],
  fields: readonly string[] = [],
  dry = false,
): Promise<{ readonly accepted: readonly Acceptance[]; readonly refused: readonly Diagnostic[] }> {
  const graph = await w.graph();
  const targets = selectTargets(graph, words);
  if (!targets.ok) throw new Error(JSON.stringify(targets.error));
  const done = await acceptStages(graph, w.project, { targets: targets.value, fields, dry, threads: 2 });
  return done.ok ? { accepted: done.value, refused: [] } : { accepted: [], refused: done.error };
}

const codes = ({ refused }: { readonly refused: readonly Diagnostic[] }): string[] =>
  refused.map(({ code }) => code);

describe('accept', () => {
  it('gives the current key the outputs of the nearest earlier result, and says so wherever it is told of', async () => {
    const w = await ready();
    const before = (await w.plan()).stages[0]?.key as Key;
    w.write('p.yaml', YAML.replace('cat ${in.data}', 'cat  ${in.data}'));
    expect(labels(await w.plan())).toEqual({ up: 'run', down: 'maybe' });
    const { accepted } = await accept(w, ['up']);
    expect(accepted[0]?.changes.map(({ path }) => path)).toEqual([['command']]);
    expect(labels(await w.plan())).toEqual({ up: 'fresh', down: 'fresh' });
    const key = (await w.plan()).stages[0]?.key as Key;
    const record = readAction(w.project.cache, key);
    expect(record).toMatchObject({ key, accepted: { from: before, run: accepted[0]?.from?.run } });
    expect(record?.outputs).toEqual(readAction(w.project.cache, before)?.outputs);
    const ran = await w.run();
    expect(ran.of('stage-done')[0]).toMatchObject({ stage: 'up', action: 'fresh', accepted: true });
    expect(ran.of('stage-done')[1]?.accepted).toBeUndefined();
    const why = whyKey(w.project, 'same', 'up' as StageId, key);
    expect(why).toMatchObject({ accepted: { from: before }, against: { key: before } });
  });

  it('accepts downstream on what was accepted above it, in the order of the graph', async () => {
    const w = await ready();
    w.write('p.yaml', YAML.replace('cat ${in.data}', 'cat  ${in.data}').replace('MODE: a', 'MODE: b'));
    expect(codes(await accept(w, ['down']))).toEqual(['upstream-unsettled']);
    const { accepted } = await accept(w, ['down', 'up']);
    expect(accepted.map(({ id }) => id)).toEqual(['up', 'down']);
    expect(labels(await w.plan())).toEqual({ up: 'fresh', down: 'fresh' });
    expect((await accept(w, ['up'])).accepted).toMatchObject([{ id: 'up', from: null, changes: [] }]);
  });

  it('a parameter is accepted by name alone', async () => {
    const w = await ready();
    w.write('p.yaml', YAML.replace('lr: 1', 'lr: 2'));
    const { refused } = await accept(w, ['up']);
    expect(refused[0]).toMatchObject({
      code: 'field-not-named',
      hint: 'if it is the same on purpose: --field with.lr',
    });
    expect(codes(await accept(w, ['up'], ['with.lr', 'with.beta']))).toEqual(['unknown-field']);
    expect((await accept(w, ['up'], ['with.lr'], true)).accepted).toHaveLength(1);
    expect(labels(await w.plan())).toMatchObject({ up: 'run' });
    expect((await accept(w, ['up'], ['with.lr'])).accepted).toHaveLength(1);
    expect(labels(await w.plan())).toEqual({ up: 'fresh', down: 'fresh' });
  });

  it('never other inputs or outputs, whatever is named', async () => {
    const w = await ready();
    w.write('data.txt', 'y\n');
    expect(codes(await accept(w, ['up'], ['in.data']))).toEqual(['not-acceptable']);
    w.write('data.txt', 'x\n');
    w.write('p.yaml', YAML.replace('out: { o: file } }\n  down', 'out: { o: { type: metrics } } }\n  down'));
    expect(codes(await accept(w, ['up']))).toEqual(['not-acceptable']);
  });

  it('nothing of a call that is refused in part', async () => {
    const two = (lr: number, space: string): string =>
      `name: two\nstages:\n${['a', 'b'].map((id) => `  ${id}: { run: "echo ${id}${space} > \${out.o}", with: { lr: ${id === 'b' ? lr : 1} }, out: { o: file } }\n`).join('')}`;
    const w = workshop({ 'p.yaml': two(1, '') });
    await w.run();
    w.write('p.yaml', two(2, ' '));
    expect(codes(await accept(w, ['a', 'b']))).toEqual(['field-not-named']);
    expect(labels(await w.plan())).toEqual({ a: 'run', b: 'run' });
    expect(codes(await accept(w, ['a']))).toEqual([]);
    expect(labels(await w.plan())).toEqual({ a: 'fresh', b: 'run' });
  });

  it('not a result whose bytes are gone, nor one that never was, nor of a stage that keeps none', async () => {
    const w = await ready();
    w.write('p.yaml', YAML.replace('cat ${in.data}', 'cat  ${in.data}'));
    rmSync(join(w.project.cache, 'objects'), { recursive: true });
    expect(codes(await accept(w, ['up']))).toEqual(['result-lost']);
    const fresh = workshop({ 'p.yaml': YAML, 'data.txt': 'x\n' });
    expect(codes(await accept(fresh, ['up']))).toEqual(['no-earlier-result']);
    fresh.write('p.yaml', YAML.replace('with: { lr: 1 }', 'cache: false'));
    expect(codes(await accept(fresh, ['up']))).toEqual(['not-cached']);
  });

  it('a failed attempt under the current key does not hide the earlier result', async () => {
    const w = await ready();
    w.write('p.yaml', YAML.replace('cat ${in.data}', 'exit 3; cat ${in.data}'));
    expect((await w.run()).result.outcome).toBe('failed');
    expect((await accept(w, ['up'])).accepted).toHaveLength(1);
    expect((await w.run()).actions).toEqual({ up: 'fresh', down: 'fresh' });
  });
});
