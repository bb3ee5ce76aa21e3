/** @file Stages of this machine beside `xargs -P` with the same process and the same publication. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { alternate } from '../measure/command.ts';
import { median, rounded, roundedSummary } from '../measure/statistics.ts';
import { type Asked, PUBLISH, peer, projectOf, publishScript } from './tasks.ts';

/** Of the time of `xargs`. */
const LIMIT = 1.5;

export async function measureLocal({ folder, tasks, rounds }: Asked): Promise<unknown> {
  const cores = availableParallelism();
  const project = projectOf(join(folder, 'warren'), tasks, { profile: { executor: 'local' } });
  const beside = join(folder, 'xargs');
  const script = publishScript(beside);
  const line = `seq 0 ${tasks - 1} | xargs -P ${cores} -n 1 ${script}`;
  const commands = { warren: project.run, xargs: () => peer(beside, tasks, ['sh', '-c', line]) };
  await alternate(commands, 1);
  const { warren, xargs } = await alternate(commands, rounds);
  const ratio = median(warren) / median(xargs);
  return {
    work: `${tasks} command stages of 10 ms, cold, ${cores} at a time`,
    warren: roundedSummary(warren),
    [`xargs -P ${cores}`]: roundedSummary(xargs),
    'what xargs runs': PUBLISH,
    times: rounded(ratio),
    limit: LIMIT,
    met: ratio <= LIMIT,
  };
}
