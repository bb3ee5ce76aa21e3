import { describe, expect, it } from 'vitest';
import type { Key, StageId } from '../../base/ids.ts';
import { differenceOf } from '../../engine/plan/difference.ts';
import { fingerprintOfKey } from '../../engine/plan/past.ts';
import { whyKey } from '../../engine/plan/why.ts';
import { workshop } from '../rigs/workshop.ts';

const YAML = `name: why
in: { data: ./data.txt }
stages:
  up: { run: "cat \${in.data} > \${out.o}", in: { data: in.data }, out: { o: file } }
  down:
    run: "cat \${in.o} \${in.data} > \${out.o}"
    in: { o: up.o, data: in.data }
    with: { lr: 1.0e-5, beta: 0.1 }
    out: { o: file }
`;

describe('why', () => {
  it('is the difference to the nearest earlier fingerprint, by field', async () => {
    const w = workshop({ 'p.yaml': YAML, 'data.txt': '1' });
    const before = (await w.run()).result.stages[1]?.key as Key;
    w.write('data.txt', '2');
    w.write(
      'p.yaml',
      YAML.replace('lr: 1.0e-5, beta: 0.1', 'lr: 2.0e-5, gamma: 1').replace(`cat \${in.o}`, `cat  \${in.o}`),
    );
    const { because, key } = (await w.run()).result.stages[1] as { because: unknown; key: Key };
    expect(because).toEqual([
      { kind: 'param', name: 'lr', before: '0.00001', after: '0.00002' },
      { kind: 'param', name: 'gamma', before: 'none', after: '1' },
      { kind: 'param', name: 'beta', before: '0.1', after: 'none' },
      { kind: 'upstream', stage: 'up', output: 'o' },
      { kind: 'input', name: 'data', detail: './data.txt changed' },
      { kind: 'other', field: 'command' },
    ]);
    const stage = (await w.graph()).stages[1];
    const why = whyKey(w.project, 'why', 'down' as StageId, key, stage);
    expect(why.because).toEqual(because);
    expect(why.against).toMatchObject({ stage: 'down', key: before });
    expect(why.changes[0]).toEqual({ path: ['with', 'lr'], before: 1e-5, after: 2e-5 });
  });

  it('a renamed stage is compared with its kind', async () => {
    const w = workshop({ 'p.yaml': YAML, 'data.txt': '1' });
    await w.run();
    w.write('p.yaml', YAML.replace('name: why', 'name: other').replace('beta: 0.1', 'beta: 0.2'));
    const key = (await w.run()).result.stages[1]?.key as Key;
    const why = whyKey(w.project, 'other', 'down' as StageId, key);
    expect(why.against?.stage).toBe('down');
    expect(why.because).toContainEqual({ kind: 'param', name: 'beta', before: '0.1', after: '0.2' });
  });

  it('the first of all has nothing to be compared with', async () => {
    const w = workshop({ 'p.yaml': YAML, 'data.txt': '1' });
    const key = (await w.run({ only: ['up'] })).result.stages[0]?.key as Key;
    expect(whyKey(w.project, 'why', 'up' as StageId, key)).toMatchObject({
      against: null,
      because: [{ kind: 'new' }],
    });
    const fingerprint = fingerprintOfKey(w.project, key);
    expect(fingerprint && differenceOf(fingerprint, fingerprint)).toEqual([]);
  });
});
