import { describe, expect, it } from 'vitest';
import { labels, workshop } from '../rigs/workshop.ts';

const YAML = `name: p
with: { extra: false }
stages:
  a: { run: "echo a > \${out.o}", out: { o: file } }
  x: { run: "echo x > \${out.o}", when: "\${with.extra}", out: { o: file } }
  y: { run: "cat \${in.o} > \${out.o}", in: { o: x.o }, out: { o: file } }
  all: { run: "cat \${in.o}/* > \${out.o}", in: { o: { a: a.o, x: x.o } }, out: { o: file } }
out: { all: all.o, y: y.o }
`;

describe('a stage that its when leaves out', () => {
  it('is shown as skipped, fails nothing, and joins when it holds', async () => {
    const w = workshop({ 'p.yaml': YAML });
    expect(labels(await w.plan())).toEqual({ a: 'run', all: 'run', x: 'skip', y: 'skip' });
    const ran = await w.run();
    expect(ran.result.outcome).toBe('done');
    expect(ran.actions).toEqual({ a: 'ran', all: 'ran', x: 'skipped', y: 'skipped' });
    expect(ran.result.stages.slice(2).map(({ reason }) => reason)).toEqual([
      'when: ${with.extra} is false; left out of all.o',
      'needs x',
    ]);
    expect(ran.of('run-started')[0]?.stages).toHaveLength(4);
    expect(ran.of('stage-done').filter(({ action }) => action === 'skipped')).toHaveLength(2);
    expect(w.list('out/p')).toEqual(['all']);

    const more = await w.run({ with: { extra: true } });
    expect(more.actions).toEqual({ a: 'fresh', x: 'ran', y: 'ran', all: 'ran' });
    expect(w.list('out/p')).toEqual(['all', 'y']);
    expect((await w.run()).actions).toEqual({ a: 'fresh', all: 'restored', x: 'skipped', y: 'skipped' });
  });

  it('can be asked for, and then there is nothing to do', async () => {
    const ran = await workshop({ 'p.yaml': YAML }).run({ only: ['x'] });
    expect(ran.actions).toEqual({ x: 'skipped' });
    expect(ran.result.outcome).toBe('done');
  });

  it('is no part of the key: the others, and it itself, stay fresh', async () => {
    const w = workshop({ 'p.yaml': YAML });
    await w.run({ with: { extra: true } });
    w.write('p.yaml', YAML.replace('when: "${with.extra}", ', '').replace('with: { extra: false }\n', ''));
    expect(new Set(Object.values(labels(await w.plan())))).toEqual(new Set(['fresh']));
  });
});
