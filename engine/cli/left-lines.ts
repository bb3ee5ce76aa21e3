/** @file Attempts that earlier runs left elsewhere, as documents and lines. What hosts and schedulers call themselves is shown safely. */
import { relative } from 'node:path';
import type { RunId, StageId } from '../../base/ids.ts';
import type { Project } from '../project.ts';
import { type Line, type Span, span } from '../report/line.ts';
import { clock } from '../report/quantity.ts';
import { safe } from '../report/safe.ts';
import { table } from '../report/table.ts';
import { type Left, type Lefts, leftAttempts } from '../run/left/list.ts';

export interface LeftRow {
  readonly stage: StageId;
  /** Of the run that submitted it. */
  readonly run: RunId;
  /** The pipeline's, relative to the project. */
  readonly file: string;
  readonly profile: string;
  readonly executor: string;
  /** What it is called there, and the scheduler's id or process. */
  readonly name: string;
  readonly job: string | null;
  readonly host: string | null;
  /** When it was submitted, ISO 8601 in UTC. */
  readonly since: string;
  /** It left its own record of its end, and nobody has collected it. */
  readonly ended: boolean;
  /** An engine has it in hand. */
  readonly followed: boolean;
}

/** Of a run, of a pipeline file, or of the project. */
export interface LeftOf {
  readonly run?: RunId | undefined;
  readonly file?: string | undefined;
}

export function leftOf(project: Project, { run, file }: LeftOf): Lefts {
  const { attempts, unreadable } = leftAttempts(project);
  const path = file === undefined ? undefined : relative(project.root, file);
  return {
    attempts: attempts.filter(
      ({ intent }) =>
        (run === undefined || intent.run === run) && (path === undefined || intent.file === path),
    ),
    // Nobody can say whose they are.
    unreadable,
  };
}

export function leftRow({ intent, handle, host, ended, followed }: Left): LeftRow {
  const { stage, run, file, profile, settings, name, at } = intent;
  const { executor } = settings;
  const since = new Date(at).toISOString();
  const job = handle?.id ?? null;
  return { stage, run, file, profile, executor, name, job, host: host ?? null, since, ended, followed };
}

/** Those that no engine has in hand: what the others do, their runs tell. */
export function leftLines({ attempts, unreadable }: Lefts, now: number): Line[] {
  const alone = attempts.filter(({ followed }) => !followed);
  if (alone.length === 0 && unreadable.length === 0) return [];
  const count =
    alone.length === 1 ? 'an attempt of an earlier run' : `${alone.length} attempts of earlier runs`;
  const head: Line = [span('left elsewhere', 'warn'), span(`: ${count}`)];
  const rest = alone.every(({ ended }) => ended)
    ? 'cache gc takes away what nobody collected in 30 days'
    : 'warren cancel --left ends what goes on';
  const hint = `a run that needs one takes it up; ${rest}`;
  const rows: Line[] = unreadable.map((folder) => [span('unreadable', 'warn'), span(`: ${safe(folder)}`)]);
  if (alone.length === 0) return rows;
  return [
    head,
    ...table(alone.map((each) => cells(each, now))),
    [span('hint: ', 'info'), span(hint)],
    ...rows,
  ];
}

function cells(left: Left, now: number): Span[] {
  const { stage, run, profile, name, job, host, ended } = leftRow(left);
  const age = clock((now - left.intent.at) / 1000);
  const place = host === null ? `on ${profile}` : `on ${profile}, ${host}`;
  return [
    span(`  ${safe(stage)}`, 'strong'),
    span(safe(place)),
    span(safe(job === null ? name : `job ${job}`)),
    span(ended ? 'ended, not collected' : `since ${age}`, ended ? 'dim' : 'warn'),
    span(`run ${safe(run)}`, 'dim'),
  ];
}
