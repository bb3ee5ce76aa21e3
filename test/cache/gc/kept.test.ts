import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestBytes } from '../../../base/digest.ts';
import type { Key } from '../../../base/ids.ts';
import { chooseKept, type GcPolicy, type KeptFacts } from '../../../cache/gc/kept.ts';

const DAY = 86_400_000;
const NOW = 100 * DAY;
const key = (name: string): Key => digestBytes(name) as string as Key;

interface RootWords {
  readonly line?: string;
  readonly at: number;
  readonly keys: string;
  readonly complete?: boolean;
  readonly gone?: boolean;
}

/** Records and roots by one-letter names; every record has an object of its own, of 10 bytes. */
function kept(
  records: { readonly [name: string]: number },
  roots: readonly RootWords[],
  policy: GcPolicy,
  live = '',
): string {
  const facts: KeptFacts = {
    now: NOW,
    records: Object.entries(records).map(([name, at]) => ({ key: key(name), at, objects: [name] })),
    roots: roots.map(({ line = 'p', at, keys, complete = true, gone = false }) => {
      return { line, at, complete, gone, keys: [...keys].map(key) };
    }),
    live: new Set([...live].map(key)),
    since: Number.POSITIVE_INFINITY,
    sizeOf: () => 10,
  };
  const result = chooseKept(facts, policy);
  return Object.keys(records)
    .filter((name) => result.keys.has(key(name)))
    .join('');
}

const OLD = { a: 0, b: 0, c: 0, d: 0 };

describe('what gc keeps', () => {
  it('everything, without a policy', () => {
    expect(kept(OLD, [], {})).toBe('abcd');
  });

  it('the last runs of every pipeline, each counted for itself', () => {
    const roots = [
      { at: 1, keys: 'a' },
      { at: 2, keys: 'b' },
      { at: 1, keys: 'c', line: 'q' },
      { at: 0, keys: 'd', line: 'q' },
    ];
    expect(kept(OLD, roots, { keepLast: 1 })).toBe('bc');
    expect(kept(OLD, roots, { keepLast: 2 })).toBe('abcd');
  });

  it('runs that did not finish do not push out one that did', () => {
    const roots = [
      { at: 1, keys: 'a' },
      { at: 2, keys: 'b' },
      { at: 3, keys: 'c', complete: false },
    ];
    expect(kept(OLD, roots, { keepLast: 1 })).toBe('bc');
  });

  it('runs of a project that is gone for a while, and what no run names', () => {
    const gone = (at: number) => [{ at, keys: 'a', gone: true }];
    expect(kept({ a: 0 }, gone(NOW - 29 * DAY), { keepLast: 1 })).toBe('a');
    expect(kept({ a: 0 }, gone(NOW - 31 * DAY), { keepLast: 1 })).toBe('');
    expect(kept({ a: 0 }, gone(NOW - 31 * DAY), { keepLast: 1, maxAge: 40 * DAY })).toBe('a');
    expect(kept({ a: NOW - DAY, b: NOW - 31 * DAY }, [], { keepLast: 1 })).toBe('a');
  });

  it('what was used within an age, by a run or since it was made', () => {
    const roots = [{ at: NOW - DAY, keys: 'a' }];
    expect(kept({ a: 0, b: 0, c: NOW - DAY }, roots, { maxAge: 2 * DAY })).toBe('ac');
  });

  it('what any rule keeps', () => {
    const roots = [
      { at: 1, keys: 'a' },
      { at: 2, keys: 'b' },
    ];
    expect(kept({ a: 0, b: 0, c: NOW }, roots, { keepLast: 1, maxAge: DAY })).toBe('bc');
  });

  it('what fits, used last first; never less than kept and running runs need', () => {
    expect(kept({ a: 3, b: 1, c: 2 }, [], { maxSize: 20 })).toBe('ac');
    expect(kept({ a: 3, b: 1, c: 2 }, [], { maxSize: 0 }, 'b')).toBe('b');
    expect(kept({ a: 3, b: 1, c: 2 }, [{ at: 5, keys: 'b' }], { keepLast: 1, maxSize: 0 })).toBe('b');
  });

  it('always what a running engine needs, by name or because it is new', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const policy = fc.record({
      keepLast: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      maxAge: fc.option(fc.integer({ min: 0, max: NOW }), { nil: undefined }),
      maxSize: fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined }),
    });
    const root = fc.record({
      line: fc.constantFrom('p', 'q'),
      at: fc.integer({ min: 0, max: NOW }),
      complete: fc.boolean(),
      gone: fc.boolean(),
      keys: fc.array(names).map((each) => each.map(key)),
    });
    const record = fc.record({ name: names, at: fc.integer({ min: 0, max: NOW }) });
    fc.assert(
      fc.property(
        fc.uniqueArray(record, { selector: ({ name }) => name }),
        fc.array(root),
        fc.array(names),
        fc.integer({ min: 0, max: NOW }),
        policy,
        (records, roots, live, since, rules) => {
          const facts: KeptFacts = {
            now: NOW,
            records: records.map(({ name, at }) => ({ key: key(name), at, objects: [name, 'shared'] })),
            roots,
            live: new Set(live.map(key)),
            since,
            sizeOf: () => 10,
          };
          const { keys, over } = chooseKept(facts, rules);
          for (const { name, at } of records) {
            if (live.includes(name) || at >= since) expect(keys.has(key(name))).toBe(true);
          }
          const size = keys.size === 0 ? 0 : 10 * (keys.size + 1);
          expect(size <= (rules.maxSize ?? Number.POSITIVE_INFINITY) || size - over === rules.maxSize).toBe(
            true,
          );
        },
      ),
    );
  });
});
