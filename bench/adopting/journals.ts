/** @file What the journals of all runs of a project say, whole or broken off. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Told {
  /** Attempts that an earlier run had submitted and a later one went on with. */
  readonly adopted: number;
  /** Names of jobs that were seen running. */
  readonly jobs: ReadonlySet<string>;
  /** By stage: causes of attempts that were made again. */
  readonly retried: ReadonlyMap<string, string>;
  /** What failed or was left, one sentence each. */
  readonly failures: readonly string[];
}

interface Line {
  readonly type?: string;
  readonly stage?: string;
  readonly action?: string;
  readonly adopted?: boolean;
  readonly state?: string;
  readonly job?: string;
  readonly profile?: string;
  readonly cause?: string;
  readonly failure?: { readonly code?: string; readonly message?: string };
  readonly diagnostic?: { readonly code?: string; readonly message?: string };
}

export function readJournals(project: string): Told {
  const runs = join(project, '.warren/runs');
  const jobs = new Set<string>();
  const retried = new Map<string, string>();
  const failures: string[] = [];
  let adopted = 0;
  for (const run of existsSync(runs) ? readdirSync(runs) : []) {
    const seen = new Set<string>();
    for (const line of linesOf(join(runs, run, 'events.jsonl'))) {
      const { type, stage = '', job, failure, diagnostic } = line;
      if (type === 'stage-placed' && job !== undefined && line.profile !== 'local') {
        if (line.state === 'running') jobs.add(job);
        if (line.adopted === true && !seen.has(job)) adopted += 1;
        seen.add(job);
      }
      if (type === 'stage-retrying') {
        retried.set(stage, `${line.cause}: ${failure?.message ?? ''}`);
      }
      if (type === 'stage-done' && line.action === 'failed')
        failures.push(`${stage}: ${failure?.code}: ${failure?.message}`);
      if (type === 'warning' && diagnostic?.code === 'attempt-left')
        failures.push(`${stage}: ${diagnostic.message}`);
    }
  }
  return { adopted, jobs, retried, failures };
}

function linesOf(file: string): Line[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text) => {
      try {
        return [JSON.parse(text) as Line];
      } catch {
        return [];
      }
    });
}
