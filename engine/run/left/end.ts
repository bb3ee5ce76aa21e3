/** @file Ends attempts that earlier runs left elsewhere, each through the executor that it was submitted to. */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Emit } from '../../event.ts';
import type { End } from '../../executors/follow/track.ts';
import type { openExecutor } from '../../executors/open.ts';
import type { Project } from '../../project.ts';
import { clearAttempt } from '../attempt-folder.ts';
import { keepHost } from '../away/state.ts';
import { locksOrNone } from '../degraded.ts';
import { pendingAttempt } from '../intents.ts';
import { makePlacements, type Placements } from '../placement.ts';
import { tellToEnd } from '../resume.ts';
import type { Left } from './list.ts';

export type LeftEnd =
  | { readonly kind: 'ended' }
  /** It ended well: whoever needs its result collects it. */
  | { readonly kind: 'whole' }
  /** An engine has it in hand, or has collected it. */
  | { readonly kind: 'followed' }
  /** It may go on. */
  | { readonly kind: 'left'; readonly why: string };

export interface Ending {
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly grace: number;
  /** Settings -> an executor; default: all that there are. */
  readonly open?: typeof openExecutor | undefined;
  /** Milliseconds beyond the grace until what has not ended is left. */
  readonly patience?: number | undefined;
}

/** Longer than a tracker waits for an executor that cannot be asked. */
const PATIENCE = 45_000;

/** An answer for each, in their order. */
export async function endAttempts(
  project: Project,
  attempts: readonly Left[],
  { grace, open, patience = PATIENCE }: Ending,
): Promise<readonly LeftEnd[]> {
  if (attempts.length === 0) return [];
  const silent: Emit = () => undefined;
  const placements = makePlacements(project, { open }, silent);
  const { locks } = locksOrNone(project.cache);
  const over = new AbortController();
  const late = sleep(grace + patience, undefined, { signal: over.signal }).then((): LeftEnd => {
    over.abort();
    return { kind: 'left', why: `it has not ended within ${(grace + patience) / 1000} s` };
  });
  late.catch(() => undefined);
  try {
    return await Promise.all(
      attempts.map(async (left): Promise<LeftEnd> => {
        // Whoever needs it meanwhile waits for its end, and starts another.
        const lock = locks.tryLock(left.key);
        if (!lock.held) return { kind: 'followed' };
        try {
          return await Promise.race([endOne(project, placements, left, grace, over.signal), late]);
        } finally {
          lock.release();
        }
      }),
    );
  } finally {
    over.abort();
    placements.close();
    locks.close();
  }
}

async function endOne(
  project: Project,
  placements: Placements,
  left: Left,
  grace: number,
  over: AbortSignal,
): Promise<LeftEnd> {
  const { key, intent, folder } = left;
  const now = pendingAttempt(project, key);
  if (!now.ok || now.value?.intent.name !== intent.name) return { kind: 'followed' };
  const opened = await placements.open(intent);
  if (!opened.ok) return { kind: 'left', why: opened.error.message };
  const { executor } = opened.value;
  const ended = await tellToEnd(opened.value, now.value, grace);
  if (ended.kind === 'left') return ended;
  // The lock is gone by now.
  if (over.aborted) return { kind: 'left', why: 'it has ended since' };
  if (ended.kind === 'exit' && isWhole(ended)) return { kind: 'whole' };
  if (executor.site !== undefined && intent.host !== undefined) {
    const berth = { host: intent.host, folder: intent.folder };
    const state = await executor.site.leave(berth, intent.name, 'files');
    // Who cannot be asked may have some.
    keepHost(dirname(folder), { state: state === false ? undefined : intent.host });
  }
  clearAttempt(folder);
  return { kind: 'ended' };
}

function isWhole({ exit }: Extract<End, { readonly kind: 'exit' }>): boolean {
  return exit.kind === 'exited' && exit.code === 0 && exit.cause === undefined;
}
