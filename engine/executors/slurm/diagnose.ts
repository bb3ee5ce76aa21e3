/** @file Whether Slurm is there and takes jobs of a profile, with as much of it as can be asked without a job. */
import { NO_RESOURCES } from '../../pipeline/graph.ts';
import { type Finding, faultFinding } from '../finding.ts';
import type { SlurmSettings } from '../settings.ts';
import { localShell, type Shell } from '../shell.ts';
import { checker } from './check.ts';
import { type Client, slurmClient } from './client.ts';
import { slurmFault } from './faults.ts';
import { type Kind, type Nodes, nodesOf } from './nodes.ts';

export async function diagnose(settings: SlurmSettings): Promise<readonly Finding[]> {
  const { via } = settings;
  if (via === undefined) return ofSlurm(settings, localShell);
  const [{ diagnoseHost }, { linkShell }] = await Promise.all([
    import('../ssh/diagnose.ts'),
    import('../ssh/shell.ts'),
  ]);
  return diagnoseHost(via, settings, (link) => ofSlurm(settings, linkShell(link, [])));
}

async function ofSlurm(settings: SlurmSettings, shell: Shell): Promise<readonly Finding[]> {
  const client = slurmClient(shell);
  const argv = ['sbatch', '--version'] as const;
  const answer = await client.run([...argv]);
  if (answer.code !== 0) return [faultFinding('sbatch', slurmFault({ argv: [...argv] }, answer))];
  const version = answer.stdout.trim();
  const nodes = nodesOf(settings, client);
  const kinds = await nodes.kinds();
  const partition = `partition${settings.partition === undefined ? '' : ` ${settings.partition}`}`;
  const findings: Finding[] = [{ what: 'sbatch', ok: true, found: version }];
  if (!kinds.ok) return [...findings, faultFinding(partition, kinds.error)];
  findings.push(
    kinds.value.length > 0
      ? { what: partition, ok: true, found: kinds.value.map(shownKind).join('; ') }
      : {
          what: partition,
          ok: false,
          found: 'Slurm has no default partition',
          hint: 'name one: partition: NAME',
        },
  );
  return [...findings, await jobs(settings, client, nodes), await accounting(client)];
}

/** `rig: 2 nodes of 8 cores, 15.6 GiB, 4 GPUs (h100), at most 1-00:00:00` */
function shownKind({ partition, nodes, cpus, memory, gpus, limit }: Kind): string {
  const cards = gpus.map(({ type, count }) => `, ${count} GPUs${type === undefined ? '' : ` (${type})`}`);
  const size = `${cpus} cores, ${(memory / 1024).toFixed(1)} GiB${cards.join('')}`;
  return `${partition}: ${nodes} node${nodes === 1 ? '' : 's'} of ${size}, at most ${limit}`;
}

/** Account, quality of service and flags of the profile, as Slurm sees them. */
async function jobs(settings: SlurmSettings, client: Client, nodes: Nodes): Promise<Finding> {
  const what = 'jobs';
  const verdict = await checker(settings, client, nodes)(NO_RESOURCES);
  switch (verdict.fits) {
    case 'now':
      return { what, ok: true, found: 'would start now' };
    case 'later':
      return { what, ok: true, found: `would wait: ${verdict.why}` };
    case 'never':
      return faultFinding(what, verdict.fault);
  }
}

async function accounting(client: Client): Promise<Finding> {
  const what = 'accounting';
  const answer = await client.run(['sacct', '-n', '-X', '--jobs=1']);
  if (answer.code === 0) return { what, ok: true, found: 'there' };
  return { what, ok: true, found: 'none: ends are known from what jobs write, and from squeue' };
}
