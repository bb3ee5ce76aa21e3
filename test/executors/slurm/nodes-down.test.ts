/** Nodes of a real cluster that are down for now, and those that there are not at all. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slurmExecutor } from '../../../engine/executors/slurm/slurm.ts';
import { NO_RESOURCES } from '../../../engine/pipeline/graph.ts';
import { ownSlurmRig } from '../../rigs/services.ts';

const { rig, missing } = ownSlurmRig('nodes', {
  SLURM_RIG_PORT: '18917',
  SLURM_RIG_NODES: '2',
  SLURM_RIG_DBD: '0',
});
if (missing !== undefined) console.warn(`slurm skipped: ${missing}`);
const before = process.env['SLURM_CONF'];

beforeAll(() => {
  process.env['SLURM_CONF'] = rig?.env.SLURM_CONF;
});
afterAll(() => {
  process.env['SLURM_CONF'] = before;
  rig?.down();
});

function update(...words: string[]): void {
  execFileSync('scontrol', ['update', ...words]);
}

describe.skipIf(missing !== undefined)('a cluster of which nodes are away', { timeout: 60_000 }, () => {
  it('takes later what only they could take, and never what none could', async () => {
    const executor = slurmExecutor({ executor: 'slurm', partition: 'gpu' });
    let time = 60;
    // The answer to an equal request is kept for a while.
    const ask = (resources: object) => executor.check({ ...NO_RESOURCES, time: time++, ...resources });
    expect(await ask({ gpus: 1, gpuType: 'h100' })).toEqual({ fits: 'now' });
    expect(await ask({ nodes: 2, gpus: 4 })).toEqual({ fits: 'now' });
    update('nodename=rig1', 'state=down', 'reason=test');
    expect(await ask({ nodes: 1 })).toEqual({ fits: 'now' });
    expect(await ask({ nodes: 2 })).toEqual({
      fits: 'later',
      why: '1 of the 2 nodes that could take it are not available (down)',
    });
    update('nodename=rig2', 'state=drain', 'reason=test');
    expect(await ask({ gpus: 4 })).toMatchObject({
      fits: 'later',
      why: expect.stringContaining('2 of the 2'),
    });
    for (const large of [{ gpus: 5 }, { nodes: 3 }, { memory: 2 ** 40 }]) {
      expect(await ask(large)).toMatchObject({ fits: 'never', fault: { code: 'request-too-large' } });
    }
    update('nodename=rig1,rig2', 'state=resume');
    update('partitionname=gpu', 'maxnodes=1');
    expect(await ask({ nodes: 2 })).toMatchObject({
      fits: 'never',
      fault: { message: expect.stringContaining('the partition gives a job 1') },
    });
    update('partitionname=gpu', 'maxnodes=unlimited', 'state=drain');
    expect(await ask({})).toEqual({ fits: 'later', why: 'The partition takes no jobs at the moment.' });
    executor.close();
  });
});
