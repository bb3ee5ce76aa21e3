import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ran, workshop } from '../rigs/workshop.ts';

interface Node {
  /** Upstream stages, by number. */
  readonly reads: readonly number[];
  /** Attempts that fail before one succeeds. */
  readonly fails: number;
  readonly retries: number;
  readonly api: number;
  readonly temp: boolean;
  readonly when: boolean;
}

const TOKENS = 2;

const graph = fc.integer({ min: 2, max: 6 }).chain((size) =>
  fc.tuple(
    ...Array.from({ length: size }, (_, i) =>
      fc.record<Node>({
        reads: i === 0 ? fc.constant([]) : fc.subarray([...Array(i).keys()], { maxLength: Math.min(i, 2) }),
        fails: fc.constantFrom(0, 0, 0, 1, 2),
        retries: fc.constantFrom(0, 1, 2),
        api: fc.nat(TOKENS),
        temp: fc.boolean(),
        when: fc.constantFrom(true, true, true, false),
      }),
    ),
  ),
);

function yamlOf(nodes: readonly Node[]): string {
  const stages = nodes.map(({ reads, fails, retries, api, temp, when }, i) => {
    const inputs = reads.map((from) => `i${from}: s${from}.o`).join(', ');
    const cat = reads.map((from) => `cat \${in.i${from}}; `).join('');
    const run = `test $WARREN_ATTEMPT -gt ${fails} || exit 9; (echo s${i}; ${cat}) > \${out.o}`;
    const limits = api > 0 ? `limits: { api: ${api} }, ` : '';
    return `  s${i}: { run: ${JSON.stringify(run)}, in: { ${inputs} }, ${limits}retries: ${retries}, when: ${when}, out: { o: { type: file, temp: ${temp} } } }`;
  });
  return `name: any\nlimits: { api: ${TOKENS} }\nstages:\n${stages.join('\n')}\n`;
}

/** What each stage has to end as, with `--keep-going`. */
function expected(nodes: readonly Node[]): string[] {
  const ends: string[] = [];
  for (const { reads, fails, retries, when } of nodes) {
    const above = reads.map((from) => ends[from]);
    if (!when || above.some((end) => end === 'skipped' || end === 'failed')) ends.push('skipped');
    else ends.push(fails > retries ? 'failed' : 'ran');
  }
  return ends;
}

/** The most tokens that were held at a time, by the events. */
function mostHeld(nodes: readonly Node[], ran: Ran): number {
  const held = new Map<string, number>();
  let most = 0;
  for (const event of ran.events) {
    if (event.type === 'stage-started') held.set(event.stage, nodes[Number(event.stage.slice(1))]?.api ?? 0);
    if (event.type === 'stage-retrying' || event.type === 'stage-done') held.delete(event.stage);
    most = Math.max(
      most,
      [...held.values()].reduce((sum, each) => sum + each, 0),
    );
  }
  return most;
}

describe('a run of anything', () => {
  it('ends every stage as it has to, within its limits; and then only what failed is tried again', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (nodes) => {
        const w = workshop({ 'p.yaml': yamlOf(nodes) });
        const ends = expected(nodes);
        const named = (actions: readonly string[]): { [stage: string]: string } =>
          Object.fromEntries(actions.map((action, i) => [`s${i}`, action]));
        const first = await w.run({ keepGoing: true });
        expect(first.actions).toEqual(named(ends));
        expect(first.result.outcome).toBe(ends.includes('failed') ? 'failed' : 'done');
        expect(mostHeld(nodes, first)).toBeLessThanOrEqual(TOKENS);
        for (const { id, retries = 0, action } of first.result.stages) {
          const node = nodes[Number(id.slice(1))] as Node;
          if (action === 'ran') expect(retries).toBe(node.fails);
          if (action === 'failed') expect(retries).toBe(node.retries);
        }
        const second = await w.run({ keepGoing: true });
        expect(second.actions).toEqual(named(ends.map((end) => (end === 'ran' ? 'fresh' : end))));
      }),
      { numRuns: 8 },
    );
  });
});
