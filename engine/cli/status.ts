import type { StageId } from '../../base/ids.ts';
import type { Action, Because, EventOf } from '../event.ts';
import { statusLines } from '../report/status.ts';
import { answer, type Call, refuse, sourcesOf } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { findRun, type PastRun, projectHere } from './history.ts';

interface StatusDocument {
  readonly schema: 'warren/status/1';
  readonly run: string;
  readonly pipeline: string | null;
  readonly file: string | null;
  /** `broken`: the engine is gone and left no end. */
  readonly state: EventOf<'run-done'>['outcome'] | 'running' | 'broken';
  readonly stages: readonly {
    readonly id: StageId;
    readonly kind: string;
    readonly state: Action | 'running' | 'waiting';
    readonly seconds: number | null;
    readonly because: readonly Because[];
    readonly progress: { readonly step: number; readonly total: number; readonly unit: string } | null;
  }[];
}

/** `status [RUN]`: where the latest run stands, also while it goes on. */
export function status(call: Call, id?: string): Promise<ExitCode> {
  const found = findRun(projectHere(call.cwd), id);
  if (!found.ok) return Promise.resolve(refuse(call, [found.error]));
  const run = found.value;
  answer(call, documentOf(run), () =>
    statusLines(run.tally, Date.now(), run.alive, sourcesOf(call.cwd).show),
  );
  return Promise.resolve(EXIT.done);
}

function documentOf({ id, tally, alive }: PastRun): StatusDocument {
  return {
    schema: 'warren/status/1',
    run: id,
    pipeline: tally.started?.pipeline ?? null,
    file: tally.started?.file ?? null,
    state: tally.ended?.outcome ?? (alive ? 'running' : 'broken'),
    stages: (tally.started?.stages ?? []).map(({ id: stage, kind }) => {
      const done = tally.done.get(stage);
      const latest = tally.running.get(stage)?.latest;
      return {
        id: stage,
        kind,
        state: done?.action ?? (tally.running.has(stage) ? 'running' : 'waiting'),
        seconds: done?.seconds ?? null,
        because: done?.because ?? [],
        progress: latest === undefined ? null : { step: latest.step, total: latest.total, unit: latest.unit },
      };
    }),
  };
}
