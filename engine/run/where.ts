/** @file Where the stages of a plan would go, and whether the executors there could take them. Nothing is submitted. */
import type { StageId } from '../../base/ids.ts';
import type { Emit } from '../event.ts';
import type { ExecutorFault, Verdict } from '../executors/contract.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Project } from '../project.ts';
import type { RunOptions } from './context.ts';
import { makePlacements, type Placements } from './placement.ts';

/** What a plan says of a stage that would or may run. Plain JSON. */
export interface Where {
  readonly profile: string;
  /** The executor for people; null where it could not be opened. */
  readonly executor: string | null;
  /** `unknown`: the executor could not be asked, or did not answer in time. */
  readonly fits: Verdict['fits'] | 'unknown';
  /** Of later and unknown: why. */
  readonly why: string | null;
  /** Of never, and of unknown where something failed. */
  readonly fault: ExecutorFault | null;
}

export interface Wheres {
  readonly of: ReadonlyMap<StageId, Where>;
  /** Some executor was still being asked when the time was over. */
  readonly unanswered: boolean;
}

/** Asks every executor that one of these stages would go to, side by side, for at most `limit` milliseconds. */
export async function whereTo(
  project: Project,
  options: Pick<RunOptions, 'profiles' | 'profile'>,
  stages: readonly Stage[],
  limit: number,
): Promise<Wheres> {
  const silent: Emit = () => undefined;
  const placements = makePlacements(project, options, silent);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limit);
  });
  let unanswered = false;
  try {
    const found = stages.map(async (stage): Promise<[StageId, Where]> => {
      const where = await Promise.race([ask(placements, stage), late]);
      unanswered ||= where === undefined;
      return [stage.id, where ?? noAnswer(placements, stage, limit)];
    });
    return { of: new Map(await Promise.all(found)), unanswered };
  } finally {
    clearTimeout(timer);
    placements.close();
  }
}

async function ask(placements: Placements, stage: Stage): Promise<Where> {
  const place = placements.of(stage);
  const opened = await placements.open(place);
  const { profile } = place;
  if (!opened.ok) return { profile, executor: null, ...refused(opened.error) };
  const executor = opened.value.executor.shown;
  const verdict = await placements.check(opened.value, place.resources);
  switch (verdict.fits) {
    case 'now':
      return { profile, executor, fits: 'now', why: null, fault: null };
    case 'later':
      return { profile, executor, fits: 'later', why: verdict.why, fault: null };
    case 'never':
      return { profile, executor, ...refused(verdict.fault) };
  }
}

/** What may pass is no verdict. */
function refused(fault: ExecutorFault): Pick<Where, 'fits' | 'why' | 'fault'> {
  return fault.passing ? { fits: 'unknown', why: fault.message, fault } : { fits: 'never', why: null, fault };
}

function noAnswer(placements: Placements, stage: Stage, limit: number): Where {
  const { profile } = placements.of(stage);
  const why = `It did not answer within ${limit / 1000} s.`;
  return { profile, executor: null, fits: 'unknown', why, fault: null };
}
