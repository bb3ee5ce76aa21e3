/** @file Questions to Slurm about jobs: one command for all of them, whatever their number. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { ExecutorFault } from '../contract.ts';
import type { Answer, Ask, Shell } from '../shell.ts';
import { slurmFault } from './faults.ts';
import { type Row, SACCT_FORMAT, SQUEUE_FORMAT, sacctRows, scontrolRows, squeueRows } from './words.ts';

/** During an outage of the controller commands take up to 18 s to say so. Milliseconds. */
const LIMIT = 30_000;
/** Words of one command line. */
const AT_ONCE = 500;

type Asked = Promise<Result<readonly Row[], ExecutorFault>>;

export interface Client {
  /** Jobs of these ids or names that the controller still shows, ended ones among them. */
  queue(by: 'jobs' | 'name', of: readonly string[]): Asked;
  /** Those that accounting knows; none where there is no accounting. */
  accounting(by: 'jobs' | 'name', of: readonly string[]): Asked;
  /** Codes of jobs that the controller still shows. */
  details(ids: readonly string[]): Asked;
  run(argv: readonly [string, ...string[]], stdin?: string, env?: Ask['env']): Promise<Answer>;
}

export function slurmClient(shell: Shell): Client {
  let hasAccounting: boolean | undefined;
  // Lists of waiting tasks are cut at 64 characters otherwise.
  const run: Client['run'] = (argv, stdin, env) =>
    shell({ argv, stdin, env: { SLURM_BITSTR_LEN: '0', ...env }, limit: LIMIT });

  async function inParts(of: readonly string[], ask: (part: readonly string[]) => Asked): Asked {
    const rows: Row[] = [];
    for (let from = 0; from < of.length; from += AT_ONCE) {
      const part = await ask(of.slice(from, from + AT_ONCE));
      if (!part.ok) return part;
      rows.push(...part.value);
    }
    return ok(rows);
  }

  async function queuePart(by: 'jobs' | 'name', of: readonly string[]): Asked {
    const argv = [
      'squeue',
      '--me',
      '-h',
      '-t',
      'all',
      '-o',
      SQUEUE_FORMAT,
      `--${by}=${of.join(',')}`,
    ] as const;
    const answer = await run([...argv]);
    // Of a single id that is gone, squeue says so and fails; of several it leaves the gone ones out.
    if (answer.code === 0 || /Invalid job id/i.test(answer.stderr)) return ok(squeueRows(answer.stdout));
    return err(slurmFault({ argv: [...argv] }, answer));
  }

  async function accountingPart(by: 'jobs' | 'name', of: readonly string[]): Asked {
    if (hasAccounting === false) return ok([]);
    const words = ['sacct', '-X', '-n', '-P', `--format=${SACCT_FORMAT}`, `--${by}=${of.join(',')}`] as const;
    // By name alone it looks at today only.
    const argv = by === 'name' ? ([...words, '--starttime=now-30days'] as const) : words;
    const answer = await run([...argv]);
    if (answer.failed === 'missing' || /accounting storage is disabled/i.test(answer.stderr)) {
      hasAccounting = false;
      return ok([]);
    }
    if (answer.code === 0) return ok(sacctRows(answer.stdout));
    return err(slurmFault({ argv: [...argv] }, answer));
  }

  return {
    queue: (by, of) => inParts(of, (part) => queuePart(by, part)),
    accounting: (by, of) => inParts(of, (part) => accountingPart(by, part)),
    async details(ids) {
      const rows: Row[] = [];
      for (const id of ids) {
        // Codes of steps are among the details alone.
        const argv = ['scontrol', '-d', 'show', 'job', '-o', id] as const;
        const answer = await run([...argv]);
        if (answer.code === 0) rows.push(...scontrolRows(answer.stdout));
        else if (!/Invalid job id/i.test(answer.stderr)) return err(slurmFault({ argv: [...argv] }, answer));
      }
      return ok(rows);
    },
    run,
  };
}
