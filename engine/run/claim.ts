/** @file Takes a key's lock, waiting for the engine that holds it: the same work is not done twice at a time. */
import type { Key, StageId } from '../../base/ids.ts';
import type { RunContext } from './context.ts';

/** Milliseconds between two looks at a lock that another engine holds. */
const LOOK = 100;

/** Answers the release, or undefined when the run was stopped while waiting. */
export async function claim(
  context: Pick<RunContext, 'locks' | 'emit' | 'options'>,
  stage: StageId,
  key: Key,
): Promise<(() => void) | undefined> {
  let said = '';
  for (;;) {
    const attempt = context.locks.tryLock(key);
    if (attempt.held) return attempt.release;
    const { owner } = attempt;
    const detail =
      owner === undefined
        ? 'another engine makes the same result'
        : `process ${owner.pid} on ${owner.host} makes the same result since ${owner.since}`;
    if (detail !== said)
      context.emit({ type: 'stage-waiting', at: Date.now(), stage, reason: 'lock', detail });
    said = detail;
    if (context.options.stop?.aborted) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}
