/** Memory runs out: it is told as that, and a retry gets more. */
import { describe, expect, it } from 'vitest';
import { stand } from '../../rigs/stand.ts';
import { targets } from '../../rigs/targets.ts';

/** The first attempt takes three times what it asked for; a later one says how much it was given. */
const GREEDY = `if [ $WARREN_ATTEMPT = 1 ]; then node -e 'const all=[];for(let n=0;n<40;n++)all.push(Buffer.alloc(16777216,1))'; else echo $WARREN_ATTEMPT > \${out.o}; fi`;

const greedy = (more: string): string => `name: p
stages:
  a: { run: ${JSON.stringify(GREEDY)}, out: { o: file }, resources: { memory: 200M }${more} }
out: { o: a.o }
`;

// Nothing holds a stage of an ssh host to its memory: there is no such test to be had without a real shortage.
describe.each(targets(({ ssh }) => ssh === undefined))('$name', (target) => {
  const enforced = target.slurm === undefined || target.slurm.enforced;
  const test = it.skipIf(target.missing !== undefined || !enforced);
  const profile = target.slurm === undefined ? { cap_memory: true } : {};

  test('the cause is told, with what to do', async () => {
    const s = stand(target, { 'p.yaml': greedy('') }, { profile });
    const { code, stages } = await s.run();
    expect(code).toBe(1);
    expect(stages['a']?.failure?.code).toBe('out-of-memory');
    expect(stages['a']?.failure?.hint).toBeDefined();
  });

  it.skipIf(target.missing !== undefined || target.slurm?.enforced !== true)(
    'one that asked for none hears of it',
    async () => {
      const s = stand(target, { 'p.yaml': greedy('').replace(/memory: \w+/, 'cpus: 1') }, { profile });
      expect((await s.run()).stages['a']?.failure).toMatchObject({
        code: 'out-of-memory',
        hint: expect.stringContaining('set resources.memory'),
      });
    },
  );

  test('a retry with more of it succeeds', async () => {
    const retries = ', retries: { max: 1, on: [oom], grow: { memory: 2 } }';
    const s = stand(target, { 'p.yaml': greedy(retries) }, { profile });
    expect(await s.run()).toMatchObject({ code: 0, stages: { a: { action: 'ran', retries: 1 } } });
    expect(s.events('stage-retrying')).toMatchObject([{ cause: 'oom' }]);
    expect(s.tree.read('out/p/o')).toBe('2\n');
  });
});
