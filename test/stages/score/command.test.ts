import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Pair, Scored } from '../../../stages/runtime/record-types.ts';
import type { Params } from '../../../stages/score/params.generated.ts';
import { run } from '../../../stages/score/run.ts';
import { folder, type Rig, rig, type Surroundings } from '../../rigs/context.ts';

const pairs: Pair[] = Array.from({ length: 3 }, (_, i) => ({
  id: `${i}`,
  prompt: 'p',
  chosen: ' long answer'.repeat(i + 1),
  rejected: ` $(touch oops) '"; ${i}`,
}));

function file(name: string, text: string): string {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
}

/** A scorer in JavaScript: `body` sees `rows` and prints with `say`. */
function program(body: string): string {
  return file(
    'scorer.mjs',
    `import { text } from 'node:stream/consumers';
const rows = (await text(process.stdin)).split('\\n').filter(Boolean).map((line) => JSON.parse(line));
const say = (value) => console.log(JSON.stringify(value));
${body}`,
  );
}

function scorer(
  command: Params['command'],
  script?: string,
  surroundings: Surroundings = {},
): { made: Rig<Params>; result: ReturnType<typeof run> } {
  const inputs = {
    pairs: file('pairs.jsonl', pairs.map((pair) => JSON.stringify(pair)).join('\n')),
    ...(script === undefined ? {} : { program: script }),
  };
  const made = rig<Params>('score', inputs, { by: 'command', command }, surroundings);
  return { made, result: run(made.ctx) };
}

const node = (body: string): ReturnType<typeof scorer> =>
  scorer([process.execPath, '{program}'], program(body));

describe('score by command', () => {
  it('gives each row its score, in order, and names the scorer', async () => {
    const { made, result } = node('for (const row of rows) say({ id: row.id, score: row.response.length });');
    expect(await result).toEqual({ ok: true, value: undefined });
    const rows = made.rows<Scored>('scored');
    expect(rows.map((row) => [row.id, row.source])).toEqual(
      ['0', '1', '2'].flatMap((id) => [
        [id, 'chosen'],
        [id, 'rejected'],
      ]),
    );
    expect(rows.every((row) => row.score === row.response.length && row.scorer === 'command')).toBe(true);
  });

  it('runs a string by the shell, with the program in $PROGRAM', async () => {
    const script = program('for (const row of rows) say({ score: 1 });');
    const { result } = scorer(`exec "${process.execPath}" "$PROGRAM"`, script);
    expect((await result).ok).toBe(true);
  });

  it.each([
    [
      'a score of NaN',
      'say({score: 1}); console.log(\'{"score": NaN}\');',
      { code: 'score-not-finite', row: 2 },
    ],
    [
      'an infinite score',
      'console.log(\'{"id": "0", "score": -Infinity}\');',
      { code: 'score-not-finite', row: 1 },
    ],
    ['a score that is text', 'say({score: "1"});', { code: 'score-not-finite', row: 1 }],
    ['a line without a score', 'say({score: 1}); say({reward: 1});', { code: 'scorer-bad-line', row: 2 }],
    ['a line that is no JSON', 'console.log("loading model");', { code: 'scorer-bad-line', row: 1 }],
    [
      'another order',
      'for (const row of rows.reverse()) say({ id: row.id, score: 1 });',
      { code: 'scorer-wrong-id', row: 1 },
    ],
    ['too few scores', 'say({score: 1});', { code: 'scorer-too-few', row: 2 }],
    [
      'too many scores',
      'for (const row of [...rows, 1]) say({ score: 1 });',
      { code: 'scorer-too-many', row: 7 },
    ],
    [
      'a failure',
      'console.error("no such model"); process.exit(3);',
      { code: 'scorer-failed', message: expect.stringContaining('exit code 3: no such model') },
    ],
  ])('refuses %s', async (_, body, error) => {
    expect(await node(body).result).toMatchObject({ ok: false, error });
  });

  it('reports a scorer that does not read its input and one that is not there', async () => {
    expect(await scorer(['true']).result).toMatchObject({ error: { code: 'scorer-too-few' } });
    expect(await scorer(['/nowhere/scorer']).result).toMatchObject({ error: { code: 'scorer-not-found' } });
    expect(await scorer(['{program}']).result).toMatchObject({ error: { code: 'missing-program' } });
    expect(await scorer(null).result).toMatchObject({ error: { code: 'missing-command' } });
  });

  it('stops the scorer with the run', async () => {
    const abort = new AbortController();
    const waits = program('say({ score: 1 }); setInterval(() => {}, 1000);');
    const { made, result } = scorer([process.execPath, waits], waits, { signal: abort.signal });
    const started = new Promise<void>((done) => {
      Object.assign(made.ctx, { progress: done });
    });
    await started;
    abort.abort();
    expect(await result).toMatchObject({ error: { code: 'cancelled' } });
  });

  /** A scorer that prints what `line` makes of each row and then waits, where its file `once` is not there yet. */
  async function stoppedThenAgain(
    line: string,
    upTo: number,
  ): Promise<{ again: Rig<Params>; asked: string[] }> {
    const seen = join(folder(), 'seen');
    const script = program(`import { appendFileSync, existsSync } from 'node:fs';
const again = existsSync(${JSON.stringify(seen)});
for (const row of again ? rows : rows.slice(0, ${upTo})) { ${line} }
appendFileSync(${JSON.stringify(seen)}, rows.map((row) => row.response + '\\n').join(''));
if (!again) setInterval(() => {}, 1000);`);
    const state = folder();
    const abort = new AbortController();
    const progress = ({ step }: { step: number }): void => {
      if (step === upTo) abort.abort();
    };
    const first = scorer([process.execPath, script], undefined, { state, signal: abort.signal, progress });
    expect(await first.result).toMatchObject({ error: { code: 'cancelled' } });
    writeFileSync(seen, '');
    const second = scorer([process.execPath, script], undefined, { state });
    expect(await second.result).toEqual({ ok: true, value: undefined });
    return { again: second.made, asked: readFileSync(seen, 'utf8').trimEnd().split('\n') };
  }
  const all = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);

  it('asks again only for rows whose scores are not sure to be theirs', async () => {
    // Five lines: the third id has begun, so the rows of the two before it are known to be whole.
    const { again, asked } = await stoppedThenAgain('say({ id: row.id, score: row.response.length });', 5);
    expect(asked).toEqual(all.slice(4));
    const rows = again.rows<Scored>('scored');
    expect(rows.map((row) => row.score)).toEqual(all.map((response) => response.length));
    expect(again.told.notes).toContain('Resumed: 4 responses were done.');
  });

  it('keeps no score of an id whose rows did not all get one', async () => {
    const rows = ['a', 'a', 'a', 'b'].map((id, index) => ({
      ...{
        id,
        index,
        prompt: 'p',
        response: 'x'.repeat(index + 1),
        source: 'sample',
        sampler: 's',
        finish: 'eos',
      },
      ...{ tokens: 1, logprob: -1 },
    }));
    const responses = file('responses.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const script = program(
      'for (const row of rows) if (row.response !== "x") say({ id: row.id, score: 1 });',
    );
    const state = folder();
    const attempt = (): Rig<Params> =>
      rig<Params>('score', { responses }, { by: 'command', command: [process.execPath, script] }, { state });
    expect(await run(attempt().ctx)).toMatchObject({ error: { code: 'scorer-wrong-id' } });
    const again = attempt();
    expect(await run(again.ctx)).toMatchObject({ error: { code: 'scorer-wrong-id' } });
    expect(again.told.notes).toEqual([]);
  });

  it('asks again for all rows where lines have no id', async () => {
    const { again, asked } = await stoppedThenAgain('say({ score: row.response.length });', 5);
    expect(asked).toEqual(all);
    expect(again.rows<Scored>('scored').length).toBe(6);
  });

  it('asks for something to score', async () => {
    const made = rig<Params>('score', {}, { by: 'command', command: ['true'] });
    expect(await run(made.ctx)).toMatchObject({ error: { code: 'nothing-to-score' } });
  });
});
