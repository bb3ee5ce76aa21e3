import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Peer, ranIn, turbo, warren, wireit, writeFiles } from './differential/engines.ts';
import { applied, type Edit, type Node, type School, schoolOf } from './differential/model.ts';

const PEERS: readonly (readonly [Peer, School])[] = [
  [warren, 'content'],
  [wireit, 'inputs'],
  [turbo, 'package'],
];

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

/** Stages that one engine ran and another did not, by the reason that the schools give. */
const explained = { 'same bytes upstream': 0, 'configuration is an input': 0 };

describe('warren beside wireit and turbo on random graphs and edits', () => {
  it('each runs what its school says, and every difference has its reason', async () => {
    const property = fc.asyncProperty(nodes, edits, async (first, steps) => {
      const root = mkdtempSync(join(tmpdir(), 'warren-peers-'));
      try {
        await compare(root, first, steps);
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    });
    await fc.assert(property, { numRuns: 3, seed: 20261122, endOnFailure: true });
    expect(explained['same bytes upstream']).toBeGreaterThan(0);
    expect(explained['configuration is an input']).toBeGreaterThan(0);
  });
});

async function compare(root: string, first: readonly Node[], steps: readonly Edit[]): Promise<void> {
  const schools = PEERS.map(([, school]) => schoolOf(school));
  let now = first;
  for (const step of [undefined, ...steps]) {
    if (step !== undefined) now = applied(now, step);
    const [ours, inputs, whole] = await Promise.all(
      PEERS.map(async ([peer], i) => {
        const folder = join(root, peer.name);
        writeFiles(folder, now);
        peer.configure(folder, now);
        if (step?.kind === 'touch') utimesSync(join(folder, `in/s${step.at}.txt`), 1e9 + i, 1e9 + i);
        if (step?.kind === 'drop') rmSync(join(folder, `out/s${step.at}.txt`), { force: true });
        const ran = await ranIn(peer, folder);
        expect(ran, `${peer.name} after ${JSON.stringify(step)}`).toEqual(schools[i]?.(now));
        return ran;
      }),
    );
    // What we run, an engine that looks at inputs runs too.
    expect(inputs).toEqual(expect.arrayContaining(ours as string[]));
    expect(whole).toEqual(expect.arrayContaining(inputs as string[]));
    explained['same bytes upstream'] += (inputs as string[]).length - (ours as string[]).length;
    explained['configuration is an input'] += (whole as string[]).length - (inputs as string[]).length;
  }
}
