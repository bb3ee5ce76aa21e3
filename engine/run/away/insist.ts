/** @file Asks a host until it answers: that it cannot be reached is no result. */
import type { Result } from '../../../base/result.ts';
import type { ExecutorFault } from '../../executors/contract.ts';
import type { Stage } from '../../pipeline/graph.ts';
import type { RunContext } from '../context.ts';
import { pause, unlessStopped } from '../turn.ts';

/** Seconds between two tries, doubling. */
const FIRST = 1;
const MOST = 30;

/** Milliseconds that an answer is waited for once the run is stopped: of a host that is there it comes at once. */
export const PATIENCE = 3000;

/** Undefined: the run was stopped first. A fault that does not pass is an answer. */
export async function insist<T>(
  {
    context,
    stage,
  }: { readonly context: Pick<RunContext, 'emit' | 'options'>; readonly stage: Pick<Stage, 'id'> },
  ask: () => Promise<Result<T, ExecutorFault>>,
): Promise<Result<T, ExecutorFault> | undefined> {
  const { stop } = context.options;
  let said = '';
  for (let wait = FIRST; ; wait = Math.min(2 * wait, MOST)) {
    const answer = await unlessStopped(ask(), stop, PATIENCE);
    if (answer === undefined) return undefined;
    if (answer.ok || !answer.error.passing) return answer;
    if (stop?.aborted) return undefined;
    const detail = answer.error.message;
    if (detail !== said) {
      context.emit({ type: 'stage-waiting', at: Date.now(), stage: stage.id, reason: 'executor', detail });
    }
    said = detail;
    await new Promise<void>((goOn) => pause(wait, stop, goOn));
  }
}
