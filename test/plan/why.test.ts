import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Key, StageId } from '../../base/ids.ts';
import type { Stage } from '../../engine/pipeline/graph.ts';
import { registryAt } from '../../engine/pipeline/registry.ts';
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

const RUN = `import { writeFileSync } from 'node:fs';
import { a } from '../shared/a.ts';
export async function run(ctx) {
  writeFileSync(ctx.output('o'), String(a));
  return { ok: true, value: undefined };
}
`;
const MANIFEST = {
  kind: 'k',
  description: 'Writes a number.',
  in: {},
  with: { type: 'object', additionalProperties: false, properties: {} },
  out: { o: { type: 'file', description: 'It.' } },
};

let kinds = '';
const writeModule = (name: string, text: string): void => {
  mkdirSync(dirname(join(kinds, name)), { recursive: true });
  writeFileSync(join(kinds, name), text);
};

/** One kind of two modules. */
function kindsFolder(): string {
  kinds = mkdtempSync(join(tmpdir(), 'kinds-'));
  const folder = kinds;
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeModule('k/manifest.json', JSON.stringify(MANIFEST));
  writeModule('k/run.ts', RUN);
  writeModule('shared/a.ts', 'export const a = 1;\n');
  return kinds;
}

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
    const stage = (await w.graph()).stages[1] as Stage;
    const why = whyKey(w.project, 'why', 'down' as StageId, key, { stage });
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

  it('names the modules of its code and the packages that changed', async () => {
    const w = workshop({ 'p.yaml': 'name: own\nstages:\n  s: { uses: k }\n' }, registryAt(kindsFolder()));
    const before = (await w.run()).result.stages[0]?.key as Key;
    writeModule('shared/a.ts', 'export const a = 2; // two\n');
    expect((await w.plan()).stages[0]?.because).toEqual([{ kind: 'code', detail: 'stages/shared/a.ts' }]);
    writeModule('k/run.ts', `${RUN}export const more = 1;\n`);
    const after = (await w.run()).result.stages[0] as { key: Key; because: unknown };
    expect(after.because).toEqual([{ kind: 'code', detail: 'stages/k/run.ts, stages/shared/a.ts' }]);
    const { changes, against } = whyKey(w.project, 'own', 's' as StageId, after.key);
    expect(against?.key).toBe(before);
    expect(changes.map(({ path }) => path)).toEqual([
      ['code', 'stages/k/run.ts'],
      ['code', 'stages/shared/a.ts'],
    ]);
    rmSync(join(w.project.cache, 'codes'), { recursive: true });
    expect(whyKey(w.project, 'own', 's' as StageId, after.key).because).toEqual([
      { kind: 'code', detail: '' },
    ]);
  });

  it('the first of all has nothing to be compared with', async () => {
    const w = workshop({ 'p.yaml': YAML, 'data.txt': '1' });
    const key = (await w.run({ only: ['up'] })).result.stages[0]?.key as Key;
    expect(whyKey(w.project, 'why', 'up' as StageId, key)).toMatchObject({
      against: null,
      because: [{ kind: 'new' }],
    });
    const fingerprint = fingerprintOfKey(w.project, key);
    expect(fingerprint && differenceOf(fingerprint, fingerprint, () => undefined)).toEqual([]);
  });
});
