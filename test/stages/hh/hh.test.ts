import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Params } from '../../../stages/hh/params.generated.ts';
import { run } from '../../../stages/hh/run.ts';
import type { Pair, Reject } from '../../../stages/runtime/record-types.ts';
import { folder, type Rig, rig } from '../../rigs/context.ts';

function transcript(prompt: string, response: string): string {
  return `\n\nHuman: ${prompt}\n\nAssistant: ${response}`;
}

function good(i: number, prompt = `Question ${i}`): object {
  return { chosen: transcript(prompt, `Yes ${i}`), rejected: transcript(prompt, `No ${i}`) };
}

function file(rows: readonly (object | string)[]): string {
  const path = join(folder(), 'transcripts.jsonl');
  writeFileSync(path, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'));
  return path;
}

async function split(path: string, parameters: Partial<Params> = {}): Promise<Rig<Params>> {
  const made = rig<Params>('hh', { transcripts: path }, parameters);
  const result = await run(made.ctx);
  if (!result.ok) throw new Error(result.error.message);
  return made;
}

const forty = Array.from({ length: 40 }, (_, i) => good(i));

describe('hh', () => {
  it('splits prompt and responses and keeps other fields', async () => {
    const row = { ...good(1), row: 12, chosen_safe: true, rejected_safe: false };
    const { rows } = await split(file([row]), { test: 0 });
    expect(rows<Pair>('train')).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        prompt: '\n\nHuman: Question 1\n\nAssistant:',
        chosen: ' Yes 1',
        rejected: ' No 1',
        row: 12,
        chosen_safe: true,
        rejected_safe: false,
      },
    ]);
    expect(rows('test')).toEqual([]);
    expect(rows('rejects')).toEqual([]);
  });

  it('holds out whole prompts, by the seed', async () => {
    const twice = [...forty, ...Array.from({ length: 40 }, (_, i) => good(100 + i, `Question ${i}`))];
    const path = file(twice);
    const { rows } = await split(path, { test: 0.25, seed: 5 });
    const train = new Set(rows<Pair>('train').map((pair) => pair.prompt));
    const test = rows<Pair>('test');
    expect(test).toHaveLength(20);
    expect(test.filter((pair) => train.has(pair.prompt))).toEqual([]);
    const again = await split(path, { test: 0.25, seed: 5 });
    expect(again.rows('test')).toEqual(test);
    const other = await split(path, { test: 0.25, seed: 6 });
    expect(other.rows('test')).not.toEqual(test);
  });

  it('puts a prompt on the same side wherever its row stands', async () => {
    const forward = await split(file(forty));
    const backward = await split(file([...forty].reverse()));
    const sorted = (made: Rig<Params>): string[] =>
      made
        .rows<Pair>('test')
        .map((pair) => pair.id)
        .sort();
    expect(sorted(backward)).toEqual(sorted(forward));
  });

  it('draws a limit by the seed and keeps the order of the file', async () => {
    const path = file(forty);
    const all = await split(path, { test: 0 });
    const some = await split(path, { test: 0, limit: 10 });
    const ids = all.rows<Pair>('train').map((pair) => pair.id);
    const drawn = some.rows<Pair>('train').map((pair) => ids.indexOf(pair.id));
    expect(drawn).toHaveLength(10);
    expect(drawn).toEqual([...drawn].sort((a, b) => a - b));
    expect(drawn).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(some.told.notes).toEqual(['40 rows: 10 train, 0 test, 30 beyond the limit.']);
  });

  it('keeps a pair that stands twice under an id of its own', async () => {
    const { rows } = await split(file([good(1), good(2), good(1)]), { test: 0 });
    const ids = rows<Pair>('train').map((pair) => pair.id);
    expect(ids[2]).toBe(`${ids[0]}-2`);
  });

  it('reads gzip', async () => {
    const path = join(folder(), 'transcripts.jsonl.gz');
    writeFileSync(path, gzipSync(forty.map((row) => JSON.stringify(row)).join('\n')));
    const { rows } = await split(path, { test: 0 });
    expect(rows('train')).toHaveLength(40);
  });

  it('gives every bad row a code and its number', async () => {
    const bad: [object | string, string][] = [
      ['{"chosen": ', 'broken-json'],
      ['{"chosen": NaN}', 'broken-json'],
      [{ chosen: transcript('a', 'b') }, 'wrong-fields'],
      ['[1]', 'wrong-fields'],
      [{ ...good(1), chosen_safe: 'yes' }, 'wrong-fields'],
      [{ ...good(1), prompt: 'p' }, 'wrong-fields'],
      [{ ...good(1), id: 7 }, 'wrong-fields'],
      [{ chosen: transcript('a', 'x'), rejected: transcript('b', 'y') }, 'prompts-differ'],
      [{ chosen: transcript('a', ''), rejected: transcript('a', 'y') }, 'empty-response'],
      [{ chosen: transcript('a', 'x'), rejected: transcript('a', 'x') }, 'identical-responses'],
      [{ chosen: 'Hello', rejected: 'Hello' }, 'wrong-roles'],
      [{ ...good(1), id: 'same' }, ''],
      [{ ...good(2), id: 'same' }, 'duplicate-id'],
    ];
    const { rows, told } = await split(file([good(0), ...bad.map(([row]) => row)]), {
      max_rejects: 1,
      test: 0,
    });
    const expected = bad.flatMap(([, code], i) => (code === '' ? [] : [{ row: i + 2, code }]));
    expect(rows<Reject>('rejects').map(({ row, code }) => ({ row, code }))).toEqual(expected);
    expect(rows('train')).toHaveLength(2);
    expect(told.notes[1]).toMatch(/^12 rows rejected: 5 wrong-fields, 2 broken-json, /);
  });

  it('passes bad rows at max_rejects and fails above it, writing nothing', async () => {
    const rows = [...forty.slice(0, 38), 'oops', '{"chosen": 1}'];
    const below = await split(file(rows), { max_rejects: 0.05 });
    expect(below.rows('rejects')).toHaveLength(2);
    const above = rig<Params>('hh', { transcripts: file(rows) }, { max_rejects: 0.04 });
    expect(await run(above.ctx)).toMatchObject({
      ok: false,
      error: {
        code: 'too-many-rejects',
        message: '2 of 40 rows are bad (5 %), max_rejects allows 4 %: 1 broken-json, 1 wrong-fields.',
        row: 39,
      },
    });
    expect(['train', 'test', 'rejects'].filter((name) => existsSync(above.out(name)))).toEqual([]);
  });

  it.each([
    ['an empty file', [], {}, 'no-rows'],
    ['one prompt and a test share', [good(1)], {}, 'too-few-prompts'],
  ])('fails on %s', async (_, rows, parameters, code) => {
    const made = rig<Params>('hh', { transcripts: file(rows) }, parameters);
    expect(await run(made.ctx)).toMatchObject({ ok: false, error: { code } });
  });
});

const real = join(import.meta.dirname, '../../../../shared/data/hh-rlhf/harmless-base-test.jsonl.gz');

describe.skipIf(!existsSync(real))('hh on the real file (skipped where ../shared is absent)', () => {
  it('finds the known bad rows and loses none', async () => {
    const { rows } = await split(real);
    const rejects = rows<Reject>('rejects');
    const count = (code: string): number => rejects.filter((reject) => reject.code === code).length;
    expect([count('empty-response'), count('prompts-differ'), count('wrong-roles')]).toEqual([4, 2, 3]);
    expect(rows('train').length + rows('test').length + rejects.length).toBe(1833);
  });
});
