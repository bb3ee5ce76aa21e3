import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StageId } from '../../base/ids.ts';
import type { Because, Event, EventOf } from '../../engine/event.ts';
import { becauseLine } from '../../engine/report/because.ts';
import { line, lineWidth, shorten } from '../../engine/report/line.ts';
import { renderMarkdown } from '../../engine/report/markdown.ts';
import { painter, wantsColor } from '../../engine/report/paint.ts';
import { bytes, clock, duration, metric } from '../../engine/report/quantity.ts';
import { resumeCommand } from '../../engine/report/resume.ts';
import { safe } from '../../engine/report/safe.ts';
import { Tail } from '../../engine/report/tail.ts';
import { Story } from '../rigs/events.ts';

describe('safe', () => {
  it('makes controls, overrides and halves of pairs visible', () => {
    expect(safe('a\u001b[31m\tb\r\n\u202e\u009b\ud800')).toBe('a\\x1b[31m  b\\x0d\\x0a\\u202e\\x9b\\ud800');
  });

  it('leaves nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(/[\p{Cc}\p{Zl}\p{Zp}]/u.test(safe(text))).toBe(false);
      }),
    );
  });

  it('keeps letters of every script and emoji', () => {
    expect(safe('naïve 漢字 👩‍💻')).toBe('naïve 漢字 👩‍💻');
  });
});

describe('quantities', () => {
  it.each([
    [0, '0.0s'],
    [41.24, '41.2s'],
    [59.96, '1m00s'],
    [92, '1m32s'],
    [3599.6, '1h00m'],
    [7500, '2h05m'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it.each([
    [0.4, '0s'],
    [59.4, '59s'],
    [-3, '0s'],
  ])('a clock shows %d seconds as %s', (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });

  it.each([
    [812, '812 B'],
    [1024, '1.0 KiB'],
    [1_048_575, '1.0 MiB'],
    [40 * 2 ** 30, '40.0 GiB'],
  ])('%d bytes are %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it.each([
    [0.41234, '0.412'],
    [1830.4, '1830'],
    [0.00001, '1.0e-05'],
    [12, '12'],
    [2.5e9, '2.5e+09'],
    [Number.NaN, 'NaN'],
  ])('the metric %d is shown as %s', (value, text) => {
    expect(metric(value)).toBe(text);
  });
});

describe('lines', () => {
  it('shorten never exceeds the columns', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, columns) => {
        expect(lineWidth(shorten(line(text), columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('every kind of reason names what it is about', () => {
    const all: { readonly [K in Because['kind']]: readonly [Extract<Because, { kind: K }>, string] } = {
      new: [{ kind: 'new' }, 'no earlier result'],
      forced: [{ kind: 'forced' }, '--force'],
      uncached: [{ kind: 'uncached' }, 'cache: false'],
      failed: [{ kind: 'failed' }, 'its last attempt failed'],
      lost: [{ kind: 'lost', detail: 'object abc' }, 'its result was lost (object abc)'],
      temp: [{ kind: 'temp', output: 'o' }, 'its temporary output o is needed again'],
      param: [{ kind: 'param', name: 'lr', before: '1', after: '2' }, 'lr 1 -> 2'],
      input: [{ kind: 'input', name: 'rows', detail: './x changed' }, 'in.rows ./x changed'],
      upstream: [{ kind: 'upstream', stage: 'a' as never, output: 'o' }, 'a.o changed'],
      code: [{ kind: 'code', detail: 'stages/sft/run.ts' }, 'its code changed (stages/sft/run.ts)'],
      twin: [{ kind: 'twin', stage: 'b' as never }, 'it is the same work as b'],
      other: [{ kind: 'other', field: 'env.SEED' }, 'env.SEED changed'],
    };
    for (const [because, text] of Object.values(all)) expect(becauseLine([because])).toBe(`because ${text}`);
  });

  it('reasons beyond the third are counted', () => {
    const because = becauseLine([
      { kind: 'param', name: 'with.lr', before: '1.0e-05', after: '2.0e-05' },
      { kind: 'code', detail: '' },
      { kind: 'upstream', stage: 'sft' as never, output: 'model' },
      { kind: 'other', field: 'env.SEED' },
      { kind: 'forced' },
    ]);
    expect(because).toBe(
      'because with.lr 1.0e-05 -> 2.0e-05, its code changed, sft.model changed and 2 more',
    );
  });
});

describe('markdown', () => {
  it('aligns tables and keeps other text', () => {
    const text = renderMarkdown(
      '# Results\n\n| a | long name |\n|---|--:|\n| `x\\|y` | 1 |\n| 漢字 | 22 |\n\nn = 3',
      80,
    );
    expect(text.map(painter(false)).join('\n')).toMatchInlineSnapshot(`
      "Results

      a     long name
      ────  ─────────
      x|y           1
      漢字         22

      n = 3"
    `);
  });
});

describe('colour', () => {
  it.each([
    ['always', false, { NO_COLOR: '1' }, true],
    ['never', true, { FORCE_COLOR: '1' }, false],
    ['auto', true, {}, true],
    ['auto', false, {}, false],
    ['auto', true, { NO_COLOR: '1' }, false],
    ['auto', false, { FORCE_COLOR: '1' }, true],
    ['auto', true, { FORCE_COLOR: '0' }, false],
    ['auto', true, { TERM: 'dumb' }, false],
  ] as const)('%s, terminal %s, %j: %s', (mode, isTTY, env, wanted) => {
    expect(wantsColor(mode, { isTTY }, env)).toBe(wanted);
  });
});

it('the command to go on with repeats the call', () => {
  const events: Event[] = [];
  new Story((event) => events.push(event)).begin({ 'rrhf[seed=1]': 'run', evaluate: 'maybe' });
  const started = events[0] as EventOf<'run-started'>;
  const overrides = { with: ["name=it's"], set: ['rrhf.lr=1.0e-05'], in: [], profile: ['lab'] };
  const command = resumeCommand(
    { ...started, targets: ['rrhf[seed=1]' as StageId], overrides },
    () => 'p.yaml',
  );
  expect(command).toBe(
    "warren run p.yaml 'rrhf[seed=1]' --with 'name=it'\\''s' --set rrhf.lr=1.0e-05 --profile lab",
  );
});

it('a tail keeps the last lines and counts the others', () => {
  const tail = new Tail(3);
  for (let at = 0; at < 10; at += 1) tail.push(String(at));
  expect([tail.lines, tail.dropped, tail.last]).toEqual([['7', '8', '9'], 7, '9']);
});
