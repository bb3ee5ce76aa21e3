import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../base/json.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { objectPath } from '../../cache/layout.ts';
import { storeArtifact } from '../../cache/store.ts';
import { compareOutput, type Made } from '../../engine/verify/compare.ts';
import type { Found } from '../../engine/verify/difference.ts';
import { compareJson, compareRows } from '../../engine/verify/fields.ts';
import { digestMade } from '../../engine/verify/made.ts';
import { writeSafetensors } from '../../stages/runtime/onnx/safetensors.ts';
import { type Cellar, cellar } from '../rigs/cellar.ts';

async function stored(c: Cellar, name: string): Promise<Artifact> {
  cpSync(c.path(name), c.path(`${name}.copy`), { recursive: true, verbatimSymlinks: true });
  const done = await storeArtifact(c.cache, c.path(`${name}.copy`));
  if (!done.ok) throw new Error(done.error.message);
  return done.value;
}

async function made(c: Cellar, name: string): Promise<Made> {
  const done = await digestMade(c.path(name));
  if (!done.ok) throw new Error(done.error.message);
  return done.value;
}

async function compared(c: Cellar, suffix = '', tolerance = 0): Promise<Found> {
  return compareOutput(c.cache, await stored(c, 'old'), await made(c, 'new'), suffix, tolerance);
}

describe('two makings of a file', () => {
  it('equal', async () => {
    const c = cellar();
    c.file('old', 'same');
    c.file('new', 'same');
    expect((await compared(c)).differences).toEqual([]);
  });

  it('differ in a byte, in their length, in whether they can be executed', async () => {
    const c = cellar();
    c.file('old', 'hello');
    c.file('new', 'help');
    expect((await compared(c)).differences).toEqual([
      { member: '', kind: 'bytes', before: 5, after: 4, at: 3 },
    ]);
    c.file('new', 'hello!');
    expect((await compared(c)).differences).toEqual([
      { member: '', kind: 'bytes', before: 5, after: 6, at: 5 },
    ]);
    rmSync(c.path('new'));
    c.file('new', 'hello', 0o755);
    expect((await compared(c)).differences).toEqual([
      { member: '', kind: 'form', before: 'file', after: 'exec' },
    ]);
  });

  it('JSON that says the same in other bytes is not equal', async () => {
    const c = cellar();
    c.file('old', '{"a":1}');
    c.file('new', '{"a": 1}');
    expect((await compared(c, '.json')).differences).toMatchObject([{ kind: 'bytes', at: 5 }]);
    c.file('new', '{"a":2}');
    expect((await compared(c, '.json')).differences).toEqual([
      { member: '', kind: 'field', path: 'a', before: 1, after: 2 },
    ]);
    c.file('new', 'no JSON');
    expect((await compared(c, '.json')).differences).toMatchObject([{ kind: 'bytes' }]);
  });

  it('the recorded bytes are gone', async () => {
    const c = cellar();
    c.file('old', 'hello');
    c.file('new', 'help');
    const before = await stored(c, 'old');
    rmSync(objectPath(c.cache, before.digest, 'file'));
    const found = await compareOutput(c.cache, before, await made(c, 'new'), '', 0);
    expect(found.differences).toEqual([{ member: '', kind: 'lost' }]);
  });
});

describe('two makings of a folder', () => {
  it('members by name', async () => {
    const c = cellar();
    for (const name of ['old', 'new']) {
      c.file(`${name}/same`, 'same');
      c.file(`${name}/rows.jsonl`, `{"id":1,"score":${name.length + name.charCodeAt(0)}}\n`);
      c.file(`${name}/only-${name}/x`, '');
      mkdirSync(c.path(`${name}/empty`));
      symlinkSync(name === 'old' ? 'same' : 'rows.jsonl', c.path(`${name}/link`));
      if (name === 'new') c.file(`${name}/turned`, '');
      else mkdirSync(c.path(`${name}/turned`));
    }
    const { differences } = await compared(c);
    expect(differences).toEqual([
      { member: 'link', kind: 'bytes', before: 4, after: 10, at: 0 },
      { member: 'only-old/x', kind: 'missing' },
      { member: 'rows.jsonl', kind: 'field', path: 'row 1: score', before: 114, after: 113 },
      { member: 'turned', kind: 'form', before: 'dir', after: 'file' },
      { member: 'only-new/x', kind: 'added' },
    ]);
  });

  it('tensors by name, with how many values and by how much', async () => {
    const c = cellar();
    const weights = (values: number[], name = 'head'): Map<string, { shape: number[]; data: Float32Array }> =>
      new Map([
        ['body', { shape: [2], data: Float32Array.of(1, Number.NaN) }],
        [name, { shape: [values.length], data: Float32Array.from(values) }],
      ]);
    for (const name of ['old', 'new']) mkdirSync(c.path(name));
    await writeSafetensors(c.path('old/model.safetensors'), weights([1, 2, 3, 0]));
    await writeSafetensors(c.path('new/model.safetensors'), weights([1, 2.5, 3.25, -0]));
    const member = 'model.safetensors';
    expect((await compared(c)).differences).toEqual([
      { member, kind: 'tensor', tensor: 'head', count: 3, of: 4, largest: 0.5 },
    ]);
    const within = await compared(c, '', 0.3);
    expect(within).toEqual({ differences: [], more: 0, within: 3 });
    await writeSafetensors(c.path('new/model.safetensors'), weights([1, 2, Number.NaN, 0]));
    expect((await compared(c, '', 0.3)).differences).toMatchObject([
      { tensor: 'head', count: 1, largest: null },
    ]);
    await writeSafetensors(c.path('new/model.safetensors'), weights([1, 2, 3], 'tail'));
    expect((await compared(c, '', 0.3)).differences).toEqual([
      { member, kind: 'tensor', tensor: 'head', count: null, of: 0, largest: null },
      { member, kind: 'tensor', tensor: 'tail', count: null, of: 0, largest: null },
    ]);
    writeFileSync(c.path('new/model.safetensors'), 'torn');
    expect((await compared(c)).differences).toMatchObject([{ member, kind: 'bytes' }]);
  });
});

describe('fields', () => {
  it('by path, numbers by tolerance, and no more than can be read', () => {
    const before = { loss: [1, 2, 3], name: 'a', gone: null, same: { x: 1 } };
    const after = { loss: [1, 2.0005, 4], name: 'b', same: { x: 1 }, new: true };
    expect(compareJson('m', before, after, 1e-3)).toEqual({
      differences: [
        { kind: 'field', member: 'm', path: 'loss[2]', before: 3, after: 4 },
        { kind: 'field', member: 'm', path: 'name', before: 'a', after: 'b' },
        { kind: 'field', member: 'm', path: 'gone', before: null },
        { kind: 'field', member: 'm', path: 'new', after: true },
      ],
      more: 0,
      within: 1,
    });
    const many = compareJson(
      'm',
      [...Array(50).keys()],
      [...Array(50).keys()].map((n) => n + 1),
      0,
    );
    expect([many.differences.length, many.more]).toEqual([20, 30]);
    expect(compareRows('m', '{"a":1}\n{"a":2}\n', '{"a":1}\n', 0)?.differences).toEqual([
      { kind: 'field', member: 'm', path: 'rows', before: 2, after: 1 },
    ]);
    expect(compareRows('m', '{', '{}', 0)).toBeUndefined();
  });

  it('finds nothing exactly in what is equal', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const { differences } = compareJson('', a as Json, b as Json, 0);
        const equal = fc.stringify(a) === fc.stringify(b) || JSON.stringify(a) === JSON.stringify(b);
        if (equal) expect(differences).toEqual([]);
        expect(compareJson('', a as Json, structuredClone(a) as Json, 0).differences).toEqual([]);
        const other = { x: a as Json };
        expect(compareJson('', other, { x: [a as Json] }, 0).differences.length > 0).toBe(true);
      }),
    );
  });
});
