/** @file Whether a stage may go where its profile sends it: its executor opened, and asked what it can meet at all. */
import type { StageFailure } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { RunContext } from './context.ts';
import { refusal, type Station, type Target } from './placement.ts';
import { pause, unlessStopped } from './turn.ts';

export type Admitted =
  | { readonly kind: 'open'; readonly station: Station }
  | { readonly kind: 'refused'; readonly failure: StageFailure }
  | { readonly kind: 'stopped' };

/** Between two tries at what may pass, doubling. Seconds. */
const FIRST = 1;
const MOST = 60;
/** After which a word is said of an executor that does not say whether it takes a stage. Milliseconds. */
const SILENT = 2000;

/** Waits for an executor that cannot be reached, and says why. */
export async function reach(
  { placements, emit }: Pick<RunContext, 'placements' | 'emit'>,
  { id: stage }: Pick<Stage, 'id'>,
  target: Target,
  stop: AbortSignal | undefined,
): Promise<Admitted> {
  let said = '';
  for (let wait = FIRST; ; wait = Math.min(2 * wait, MOST)) {
    const opened = await placements.open(target);
    if (opened.ok) return { kind: 'open', station: opened.value };
    if (!opened.error.passing) return { kind: 'refused', failure: refusal(opened.error) };
    const { message: detail } = opened.error;
    if (detail !== said) emit({ type: 'stage-waiting', at: Date.now(), stage, reason: 'executor', detail });
    said = detail;
    await new Promise<void>((goOn) => pause(wait, stop, goOn));
    if (stop?.aborted) return { kind: 'stopped' };
  }
}

export async function admit(
  context: Pick<RunContext, 'placements' | 'emit'>,
  stage: Stage,
  target: Target,
  stop: AbortSignal | undefined,
): Promise<Admitted> {
  const reached = await reach(context, stage, target, stop);
  if (reached.kind !== 'open') return reached;
  const silent = setTimeout(() => {
    const detail = `${target.profile} has not answered yet`;
    context.emit({ type: 'stage-waiting', at: Date.now(), stage: stage.id, reason: 'executor', detail });
  }, SILENT);
  const verdict = await unlessStopped(context.placements.check(reached.station, stage.resources), stop, 0);
  if (verdict === undefined) return { kind: 'stopped' };
  clearTimeout(silent);
  // What could not be asked will show when it is submitted.
  if (verdict.fits !== 'never' || verdict.fault.passing) return reached;
  return { kind: 'refused', failure: refusal(verdict.fault) };
}
