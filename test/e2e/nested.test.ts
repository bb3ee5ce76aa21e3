import { describe, expect, it } from 'vitest';
import { Tree } from '../rigs/program.ts';

const YAML = `name: iterated
with: { rounds: 2 }
stages:
  base: { run: "echo base > \${out.o}", out: { o: file } }
  ip:
    uses: ./round/round.yaml
    rounds: "\${with.rounds}"
    carry: { policy: policy }
    in: { policy: base.o }
  table: { run: "tail -n 1 \${in.all}/* > \${out.o}", in: { all: "ip[*].policy" }, out: { o: file } }
out: { table: table.o, policies: "ip[*].policy" }
`;
const ROUND = `in: { policy: null, rows: ./rows.txt }
with: { word: train }
stages:
  rows: { run: "cat \${in.rows} helper.txt > \${out.o}", in: { rows: in.rows }, out: { o: file } }
  train: { run: "cat \${in.policy} \${in.rows} > \${out.o}; echo \${with.word} | tee -a \${out.o}", in: { policy: in.policy, rows: rows.o }, out: { o: file } }
out: { policy: train.o }
`;

function tree(): Tree {
  return new Tree({
    'p.yaml': YAML,
    'round/round.yaml': ROUND,
    'round/rows.txt': 'row\n',
    'round/helper.txt': 'beside the child\n',
  });
}

async function actions(at: Tree, ...args: string[]): Promise<{ [id: string]: string }> {
  const { document } = await at.json('run', 'p.yaml', ...args);
  const { stages } = document as { stages: { id: string; action: string }[] };
  return Object.fromEntries(stages.map(({ id, action }) => [id, action]));
}

describe('rounds of a pipeline', () => {
  it('are kept one by one: the third added to two runs alone', async () => {
    const at = tree();
    expect((await at.warren('plan', 'p.yaml')).stdout).toContain(
      'maybe  ip[round=2]/rows   if ip[round=1]/rows, which is the same work, does not run first',
    );
    expect(await actions(at)).toEqual({
      base: 'ran',
      'ip[round=1]/rows': 'ran',
      'ip[round=1]/train': 'ran',
      // The same work as in the first round.
      'ip[round=2]/rows': 'fresh',
      'ip[round=2]/train': 'ran',
      table: 'ran',
    });
    const two = 'base\nrow\nbeside the child\ntrain\nrow\nbeside the child\ntrain\n';
    expect(at.read('out/iterated/policies/round=2')).toBe(two);
    const plan = (await at.json('plan', 'p.yaml', '--with', 'rounds=3')).document as {
      stages: { id: string; label: string }[];
    };
    expect(
      plan.stages.filter(({ label }) => label !== 'fresh').map(({ id, label }) => `${label} ${id}`),
    ).toEqual(['run ip[round=3]/train', 'maybe table']);
    const three = await actions(at, '--with', 'rounds=3');
    const ran = Object.entries(three).filter(([, action]) => action === 'ran');
    expect(ran.map(([id]) => id)).toEqual(['ip[round=3]/train', 'table']);
    expect(at.read('out/iterated/policies/round=3')).toBe(`${two}row\nbeside the child\ntrain\n`);
    // Back to two: nothing runs, and what is placed is that of two again.
    expect(Object.values(await actions(at))).not.toContain('ran');
    expect(at.has('out/iterated/policies/round=3')).toBe(false);
  });

  it('notice an edit of the child, also where nothing had changed for many runs', async () => {
    const at = tree();
    await at.warren('run', 'p.yaml');
    expect(new Set(Object.values(await actions(at)))).toEqual(new Set(['fresh']));
    at.write('round/round.yaml', ROUND.replace('word: train', 'word: tune'));
    expect(await actions(at)).toMatchObject({
      'ip[round=1]/rows': 'fresh',
      'ip[round=1]/train': 'ran',
      'ip[round=2]/train': 'ran',
    });
    at.write('round/round.yaml', ROUND.replace('policy: null', 'plicy: null'));
    const { code, stderr } = await at.warren('run', 'p.yaml');
    expect(code).toBe(2);
    expect(stderr).toContain('p.yaml:9:11 error[unknown-input]');
    expect(stderr).toContain('round/round.yaml:5:');
    expect(stderr).toContain('> 5 | ….o}", in: { policy: in.policy');
  });

  it('are named on the command line', async () => {
    const at = tree();
    expect(Object.keys(await actions(at, 'ip[round=1]'))).toEqual([
      'base',
      'ip[round=1]/rows',
      'ip[round=1]/train',
    ]);
    expect(await actions(at, 'ip/train', '--set', 'ip/train.word=set')).toEqual({
      base: 'fresh',
      'ip[round=1]/rows': 'fresh',
      'ip[round=1]/train': 'ran',
      'ip[round=2]/rows': 'fresh',
      'ip[round=2]/train': 'ran',
    });
    const why = (await at.json('why', 'ip[round=2]/train')).document as { stages: { id: string }[] };
    expect(why.stages.map(({ id }) => id)).toEqual(['ip[round=2]/train']);
    const logs = await at.warren('logs', 'ip/train');
    expect(logs.stdout).toBe('ip[round=1]/train | set\nip[round=2]/train | set');
    expect((await at.warren('logs', 'ip[round=2]/train')).stdout).toBe('set');
    expect((await at.warren('status')).stdout).toContain('ip[round=2]/train');
    expect((await at.warren('graph', 'p.yaml')).stdout).toContain('ip[round]/train x2  command  <- base.o');
    const wrong = await at.warren('run', 'p.yaml', 'ip[round=9]');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('is not a stage of iterated')]);
  });
});
