import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lateVariables, ON_EACH_SLURM_NODE, rendezvous } from '../../engine/executors/rendezvous.ts';
import { programs } from '../rigs/containers.ts';
import { workshop } from '../rigs/workshop.ts';

const torchrun = join(import.meta.dirname, '../../.venv/bin/torchrun');

describe('where the processes of a stage meet', () => {
  it('is told whole on one node, each name also as the engine’s own', () => {
    const one = rendezvous('w-0123-1', { gpus: 4, nodes: 1 });
    expect(one).toEqual({
      MASTER_ADDR: '127.0.0.1',
      MASTER_PORT: one['WARREN_MASTER_PORT'],
      NNODES: '1',
      NODE_RANK: '0',
      NPROC_PER_NODE: '4',
      WARREN_MASTER_ADDR: '127.0.0.1',
      WARREN_MASTER_PORT: expect.stringMatching(/^2\d{4}$/),
      WARREN_NNODES: '1',
      WARREN_NODE_RANK: '0',
      WARREN_NPROC_PER_NODE: '4',
      WARREN_JOB: 'w-0123-1',
    });
    expect(lateVariables({ nodes: 1 })).toEqual([]);
  });

  it('is left to the nodes where there are several, and the same for all of them otherwise', () => {
    const two = rendezvous('w-0123-1', { gpus: 0, nodes: 2 });
    expect(two).toMatchObject({ NNODES: '2', NPROC_PER_NODE: '1', WARREN_JOB: 'w-0123-1' });
    const late = lateVariables({ nodes: 2 });
    expect(late).toEqual(['MASTER_ADDR', 'WARREN_MASTER_ADDR', 'NODE_RANK', 'WARREN_NODE_RANK']);
    expect(Object.keys(two).filter((name) => late.includes(name))).toEqual([]);
  });

  it('has a port of its own for each attempt, as far as there are ports', () => {
    const portOf = (n: number): number =>
      Number(rendezvous(`w-0123456789abcdef0123-${n}`, { gpus: 1, nodes: 1 })['MASTER_PORT']);
    fc.assert(fc.property(fc.nat(), (n) => portOf(n) >= 20_000 && portOf(n) < 30_000));
    expect(new Set(Array.from({ length: 100 }, (_, n) => portOf(n))).size).toBeGreaterThan(90);
  });

  const TOLD = [
    ['the name of the first node, where it is one of a host', 'node7', 'echo 10.0.0.7', 'node7'],
    ['the address that srun came from, where it is not', 'rig1', 'exit 2', '10.9.9.9'],
    ['the same without scontrol', '', 'exit 2', '10.9.9.9'],
  ] as const;
  it.each(TOLD)('on Slurm is %s', async (_, first, getent, expected) => {
    const tools = first === '' ? {} : { scontrol: `printf '%s\\n' ${first} node8 node9` };
    const path = `${programs({ ...tools, getent })}:/usr/bin:/bin`;
    const print = 'echo "$MASTER_ADDR $NODE_RANK $WARREN_MASTER_ADDR $WARREN_NODE_RANK $1"';
    const [program = '', ...words] = [...ON_EACH_SLURM_NODE, 'sh', '-c', print, 'sh', "it's"];
    const slurm = {
      SLURM_NODEID: '1',
      SLURM_JOB_NODELIST: 'node[7-9]',
      SLURM_LAUNCH_NODE_IPADDR: '10.9.9.9',
    };
    const child = spawn(program, words, { env: { PATH: path, ...slurm } });
    expect((await child.stdout.toArray()).join('')).toBe(`${expected} 1 ${expected} 1 it's\n`);
  });
});

const SCRIPT = `import os, sys, torch, torch.distributed as dist
dist.init_process_group('gloo')
x = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(x)
if dist.get_rank() == 0:
    with open(sys.argv[1], 'w') as f: f.write(f'{x.item()} of {dist.get_world_size()}\\n')
dist.destroy_process_group()
`;

describe.skipIf(!existsSync(torchrun))(
  `torchrun${existsSync(torchrun) ? '' : ' (skipped: no .venv)'}`,
  () => {
    it('is started with these variables and nothing else, and its processes meet', async () => {
      const words = [
        '--nnodes=$NNODES --node-rank=$NODE_RANK --nproc-per-node=2 --rdzv-backend=c10d',
        '--rdzv-endpoint=$MASTER_ADDR:$MASTER_PORT --rdzv-id=$WARREN_JOB',
      ];
      const run = `${torchrun} ${words.join(' ')} \${in.script} \${out.o}`;
      const w = workshop({
        'p.yaml': `name: p\nstages:\n  a: { run: ${JSON.stringify(run)}, in: { script: ./all.py }, out: { o: file }, env: { OMP_NUM_THREADS: "1" }, resources: { nodes: 1 } }\nout: { o: a.o }\n`,
        'all.py': SCRIPT,
      });
      const ran = await w.run();
      expect(
        ran
          .of('stage-output')
          .map(({ text }) => text)
          .filter((text) => text.includes('Error')),
      ).toEqual([]);
      expect(w.read('out/p/o')).toBe('3.0 of 2\n');
    });
  },
);
