/** @file How a stage ends: on the board, in the past, and as an event. */
import type { ActionRecord } from '../../cache/actions.ts';
import type { Action, Because, StageFailure } from '../event.ts';
import type { Keyed } from '../plan/decide.ts';
import type { Outputs } from '../plan/resolve.ts';
import type { Board, Place } from './board.ts';
import type { RunContext } from './context.ts';
import type { StageResult } from './result.ts';

/** What is known of a stage's end. */
export interface Facts {
  readonly keyed?: Keyed | undefined;
  readonly because?: readonly Because[] | undefined;
  readonly seconds?: number | undefined;
  /** Of them, in a queue. */
  readonly queued?: number | undefined;
  /** Attempts after the first. */
  readonly retries?: number | undefined;
  readonly outputs?: Outputs | undefined;
  /** False for a result that this run made and could not store. */
  readonly stored?: boolean | undefined;
  readonly record?: ActionRecord | undefined;
  /** Tables of an earlier run, to be shown again. */
  readonly reports?: readonly string[] | undefined;
  readonly failure?: StageFailure | undefined;
  readonly reason?: string | undefined;
}

export function endStage(
  context: RunContext,
  board: Board,
  place: Place,
  action: Action,
  facts: Facts,
): void {
  const { id, kind } = place.stage;
  const { keyed, because = [], seconds = 0, outputs, failure, reason, record, reports = [] } = facts;
  const retries = facts.retries || undefined;
  const queued = facts.queued || undefined;
  const key = keyed?.key ?? null;
  const before = place.result;
  const result: StageResult = { id, kind, action, key, seconds, because, failure, retries, queued, reason };
  // Asked again only because a result above was lost, and unchanged: what was said of it holds.
  const known = before !== undefined && action === 'fresh' && before.key === key;
  if (keyed !== undefined && outputs !== undefined) context.lease.announce([[keyed.key, id]]);
  board.settle(place, known ? before : result, outputs);
  if (known) return;
  if (keyed !== undefined && action !== 'cancelled') {
    const ended = action === 'failed' ? 'failed' : 'done';
    const pipeline = context.index.graph.name;
    context.world.past.append({ pipeline, stage: id, kind, key: keyed.key, run: context.run, ended });
  }
  for (const markdown of reports) context.emit({ type: 'stage-report', at: Date.now(), stage: id, markdown });
  const digests = Object.entries(outputs ?? {}).map(([name, { digest }]) => [name, digest] as const);
  context.emit({
    type: 'stage-done',
    at: Date.now(),
    stage: id,
    action,
    key,
    seconds,
    because,
    outputs: Object.fromEntries(digests),
    from: record?.run,
    accepted: record?.accepted && true,
    failure,
    reason,
    retries,
    queued,
    unstored: (facts.stored === false && place.stage.cache) || undefined,
  });
}
