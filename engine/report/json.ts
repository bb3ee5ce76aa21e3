/** @file `run --json`: the whole run as one line when it ends. */

import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Digest, Key, RunId, StageId } from '../../base/ids.ts';
import type { Action, Because, EventOf, StageFailure } from '../event.ts';
import type { Reporter, Sink } from './reporter.ts';
import { Tally } from './tally.ts';

/** `warren/run/1`; grows only by new fields. */
export interface RunDocument {
  readonly schema: 'warren/run/1';
  readonly run: RunId | null;
  readonly outcome: 'done' | 'failed' | 'interrupted';
  readonly seconds: number;
  readonly stages: readonly {
    readonly id: StageId;
    readonly kind: string;
    readonly action: Action;
    readonly key: Key | null;
    readonly seconds: number;
    readonly because: readonly Because[];
    readonly outputs: { readonly [name: string]: Digest };
    readonly failure?: StageFailure | undefined;
    readonly reason?: string | undefined;
  }[];
  readonly out: { readonly [name: string]: { readonly path: string; readonly digest: Digest } };
  readonly notes: readonly { readonly stage: StageId; readonly text: string }[];
  readonly warnings: readonly Diagnostic[];
}

export function jsonReporter(to: Sink): Reporter {
  const tally = new Tally();
  return {
    event: (event) => {
      tally.add(event);
      if (event.type === 'run-done') to.write(`${JSON.stringify(runDocument(tally, event))}\n`);
    },
    close: () => {},
  };
}

/** A stage without an end event (the run was interrupted first) counts as cancelled. */
function runDocument(tally: Tally, ended: EventOf<'run-done'>): RunDocument {
  return {
    schema: 'warren/run/1',
    run: tally.started?.run ?? null,
    outcome: ended.outcome,
    seconds: ended.seconds,
    stages: (tally.started?.stages ?? []).map(({ id, kind }) => {
      const end = tally.done.get(id);
      return {
        id,
        kind,
        action: end?.action ?? 'cancelled',
        key: end?.key ?? null,
        seconds: end?.seconds ?? 0,
        because: end?.because ?? [],
        outputs: end?.outputs ?? {},
        failure: end?.failure,
        reason: end?.reason,
      };
    }),
    out: Object.fromEntries(tally.placed.map(({ name, path, digest }) => [name, { path, digest }])),
    notes: tally.notes.map(({ stage, text }) => ({ stage, text })),
    warnings: tally.warnings.map(({ diagnostic }) => diagnostic),
  };
}
