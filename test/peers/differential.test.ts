import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HAS_TURBO, type Peer, ranIn, turbo, warren, wireit, writeFiles } from './differential/engines.ts';
import { applied, type Edit, type Node, type School, schoolOf } from './differential/model.ts';

const STAGES = 5;
const small = fc.nat({ max: 2 });
const nodes: fc.Arbitrary<Node[]> = fc.tuple(
  ...Array.from({ length: STAGES }, (_, i) =>
    fc.record({
      needs: i === 0 ? fc.constant([]) : fc.subarray(Array.from({ length: i }, (_, j) => j)),
      value: small,
      comment: small,
      command: fc.constant(0),
    }),
  ),
);
const at = fc.nat({ max: STAGES - 1 });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('value' as const, 'comment' as const, 'command' as const),
    at,
    to: small,
  }),
  fc.record({ kind: fc.constantFrom('touch' as const, 'drop' as const, 'edge' as const), at }),
);
/** An edit of each kind that tells the schools apart, in any order, and two more. */
const edits: fc.Arbitrary<Edit[]> = fc
  .tuple(
    fc.record({ kind: fc.constant('comment' as const), at: fc.constant(0), to: fc.constant(7) }),
    fc.record({ kind: fc.constant('command' as const), at, to: fc.constant(7) }),
    edit,
    edit,
  )
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));

describe('warren beside a peer on random graphs and edits', () => {
  it('wireit: what it ran more had the same bytes upstream', () => beside(wireit, 'inputs'));

  it.skipIf(!HAS_TURBO)(
    'turbo (scripts/peers.sh): what it ran more had the same bytes upstream, or another configuration',
    () => beside(turbo, 'package'),
  );
});

/** Each runs what its school says, so every difference has the schools' reason. */
async function beside(peer: Peer, school: School): Promise<void> {
  let more = 0;
  const property = fc.asyncProperty(nodes, edits, async (first, steps) => {
    const root = mkdtempSync(join(tmpdir(), 'warren-peers-'));
    try {
      more += await compare(root, [warren, peer], ['content', school], first, steps);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
  await fc.assert(property, { numRuns: 3, seed: 20261122, endOnFailure: true });
  expect(more).toBeGreaterThan(0);
}

/** How many stages the peer ran that we did not. */
async function compare(
  root: string,
  engines: readonly [Peer, Peer],
  names: readonly [School, School],
  first: readonly Node[],
  steps: readonly Edit[],
): Promise<number> {
  const schools = names.map(schoolOf);
  let now = first;
  let more = 0;
  for (const step of [undefined, ...steps]) {
    if (step !== undefined) now = applied(now, step);
    const [ours = [], theirs = []] = await Promise.all(
      engines.map(async (engine, i) => {
        const folder = join(root, engine.name);
        writeFiles(folder, now);
        engine.configure(folder, now);
        if (step?.kind === 'touch') utimesSync(join(folder, `in/s${step.at}.txt`), 1e9 + i, 1e9 + i);
        if (step?.kind === 'drop') rmSync(join(folder, `out/s${step.at}.txt`), { force: true });
        const ran = await ranIn(engine, folder);
        expect(ran, `${engine.name} after ${JSON.stringify(step)}`).toEqual(schools[i]?.(now));
        return ran;
      }),
    );
    // What we run, an engine that looks at inputs runs too.
    expect(theirs).toEqual(expect.arrayContaining(ours));
    more += theirs.length - ours.length;
  }
  return more;
}
