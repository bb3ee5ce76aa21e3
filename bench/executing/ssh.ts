/** @file Stages of SSH hosts: their time, the connections they make, and how often something is asked over them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onHost, sshRig } from '../../test/rigs/services.ts';
import { rounded, roundedSummary } from '../measure/statistics.ts';
import { shims } from './shims.ts';
import { type Asked, projectOf } from './tasks.ts';

const MOST_TASKS = 100;

export async function measureSsh({ folder, tasks: asked, rounds }: Asked): Promise<unknown> {
  const { rig, missing } = sshRig();
  if (rig === undefined) return { 'not measured': missing };
  const tasks = Math.min(asked, MOST_TASKS);
  const bin = join(folder, 'bin');
  // Whatever is said to a host is kept: requests are counted in it.
  const calls = shims(bin, ['ssh'], `tee ${bin}/said.$$ | "$real" "$@"`);
  const root = join(rig.scratch, `bench-${process.pid}`);
  const profile = { executor: 'ssh', config: rig.config, hosts: rig.hosts.map((host) => ({ host })), root };
  const project = projectOf(join(folder, 'warren'), tasks, { profile, env: calls.env });
  const seconds: number[] = [];
  const connections: number[] = [];
  const requests: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const before = requestsIn(bin);
      calls.take();
      seconds.push((await project.run()).seconds);
      connections.push(calls.take().length);
      requests.push(requestsIn(bin) - before);
    }
  } finally {
    for (const host of rig.hosts) onHost(rig, host, `rm -rf ${root}`);
  }
  return {
    work: `${tasks} command stages of 10 ms on ${rig.hosts.length} hosts without shared files; the program is there after the first round`,
    warren: roundedSummary(seconds),
    'connections a run': connections,
    'requests a run': requests,
    'requests a stage': rounded((requests.at(-1) ?? 0) / tasks),
  };
}

/** Headers of frames that ask: `{"id":17,...`. */
function requestsIn(folder: string): number {
  return readdirSync(folder)
    .filter((name) => name.startsWith('said.'))
    .reduce(
      (sum, name) => sum + (readFileSync(join(folder, name), 'latin1').match(/\{"id":\d+/g)?.length ?? 0),
      0,
    );
}
