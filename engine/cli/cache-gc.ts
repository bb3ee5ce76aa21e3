import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { type Busy, type Collected, collect } from '../../cache/gc/collect.ts';
import type { GcPolicy } from '../../cache/gc/kept.ts';
import { type Litter, measure } from '../../cache/gc/litter.ts';
import { openLocks } from '../../cache/locks.ts';
import { parseSize, parseTime } from '../pipeline/expand/resources.ts';
import { type Line, line, span } from '../report/line.ts';
import { bytes, plural } from '../report/quantity.ts';
import { table } from '../report/table.ts';
import { findLeftovers, removeLeftovers } from '../run/leftovers.ts';
import { answer, type Call, refuse, sourcesOf } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { projectHere } from './history.ts';

export interface GcOptions {
  readonly keepLast?: number;
  readonly maxAge?: string;
  readonly maxSize?: string;
  readonly dryRun?: boolean;
}

interface GcDocument extends Collected {
  readonly schema: 'warren/cache-gc/1';
  readonly cache: string;
  readonly dryRun: boolean;
  /** Of this project: states of attempts that never succeeded, spare folders, results half placed. */
  readonly leftovers: Litter;
}

/** `cache gc`: removes what no kept or running run needs. */
export async function cacheGc(call: Call, options: GcOptions): Promise<ExitCode> {
  const policy = policyOf(options);
  if (!policy.ok) return refuse(call, [policy.error]);
  const project = projectHere(call.cwd);
  const { cache } = project;
  const dryRun = options.dryRun === true;
  const collected = await collect(cache, policy.value, { dryRun });
  if (!collected.ok) {
    refuse(call, [busyDiagnostic(collected.error)]);
    return EXIT.failed;
  }
  const found = findLeftovers(project, Date.now());
  const leftovers = measure([...found.states, ...found.spares, ...found.unplaced]);
  if (!dryRun) {
    const locks = openLocks(cache);
    removeLeftovers(project, found, locks);
    locks.close();
  }
  const document: GcDocument = { schema: 'warren/cache-gc/1', cache, dryRun, ...collected.value, leftovers };
  answer(call, document, () => lines(document, sourcesOf(call.cwd).show(cache)));
  return EXIT.done;
}

export function busyDiagnostic(busy: Busy): Diagnostic {
  const severity = 'error' as const;
  switch (busy.code) {
    case 'gc-running': {
      const { owner } = busy;
      const who = owner === undefined ? 'Another call' : `Process ${owner.pid} on ${owner.host}`;
      return { code: busy.code, severity, message: `${who} is removing things from this cache.` };
    }
    case 'still-planning':
      return {
        code: busy.code,
        severity,
        message: 'A run has been making its plan for a minute, and nobody knows yet what it needs.',
        hint: 'try again when it has started, or end it',
      };
    case 'cache-write':
      return { code: busy.code, severity, message: `The cache cannot be written: ${busy.message}.` };
  }
}

function policyOf({ keepLast, maxAge, maxSize }: GcOptions): Result<GcPolicy, Diagnostic> {
  const age = maxAge === undefined ? undefined : parseTime(maxAge);
  if (maxAge !== undefined && age === undefined) {
    return err(wrongOption('--max-age', maxAge, 'a time such as 30d, 12h or 1d12h'));
  }
  const size = maxSize === undefined ? undefined : parseSize(maxSize);
  if (maxSize !== undefined && size === undefined) {
    return err(wrongOption('--max-size', maxSize, 'a size such as 50G or 800M (binary: 1G = 2^30 bytes)'));
  }
  return ok({ keepLast, maxAge: age === undefined ? undefined : age * 1000, maxSize: size });
}

function wrongOption(option: string, given: string, expected: string): Diagnostic {
  const message = `${option} ${JSON.stringify(given)} is not ${expected}.`;
  return { code: 'invalid-argument', severity: 'error', message };
}

function lines(document: GcDocument, shown: string): Line[] {
  const { results, objects, kept, running, spared, over, dryRun } = document;
  const rows: [what: string, litter: Litter][] = [
    ['objects that no result names', objects],
    ['temporary files of runs that are over', document.temporary],
    ['corrupt objects set aside', document.quarantined],
    ['locks of dead owners', document.locks],
    ['records that are none', document.badRecords],
    ['leftovers of stages', document.leftovers],
  ];
  const found = rows.filter(([, { count }]) => count > 0);
  const verb = dryRun ? 'would remove' : 'removed';
  return [
    ...results.map(({ key, kind, stage, pipeline }) => [
      span(`${verb} `, 'dim'),
      span(stage === null ? `a result of ${kind}` : `${pipeline}: ${stage}`),
      span(`  ${key.slice(7, 19)}`, 'dim'),
    ]),
    ...table(
      found.map(([what, litter]) => [span(what), span(String(litter.count)), span(bytes(litter.bytes))]),
      ['left', 'right', 'right'],
    ),
    line(
      `${verb} ${plural(results.length, 'result')} and ${bytes(rows.reduce((sum, [, { bytes: size }]) => sum + size, 0))}; ${kept} kept`,
    ),
    ...(spared.count > 0
      ? [line(`left ${bytes(spared.bytes)} for ${plural(running, 'run')} going on`, 'dim')]
      : []),
    ...(over > 0
      ? [line(`${bytes(over)} above --max-size are needed by runs that are kept or going on`, 'warn')]
      : []),
    line(shown, 'dim'),
  ];
}
