/** @file Where the stages of a run go: executors by their settings, each opened once, on first use, and closed at the end. */
import { availableParallelism, totalmem } from 'node:os';
import { err, ok, type Result } from '../../base/result.ts';
import type { Emit, StageFailure } from '../event.ts';
import type { Executor, ExecutorFault, Verdict } from '../executors/contract.ts';
import { type Tracker, type Trouble, track } from '../executors/follow/track.ts';
import type { Lease } from '../executors/gpus/lease.ts';
import { openExecutor } from '../executors/open.ts';
import type { ExecutorSettings } from '../executors/settings.ts';
import type { Resources, Stage } from '../pipeline/graph.ts';
import type { Project } from '../project.ts';
import { limitsHere, placeHere } from '../settings/here.ts';
import { LOCAL, type PlaceOfStage, placeOf } from '../settings/profiles.ts';
import type { RunOptions } from './context.ts';

/** An open executor, as a profile names it. */
export interface Station {
  readonly profile: string;
  readonly settings: ExecutorSettings;
  readonly executor: Executor;
  readonly tracker: Tracker;
}

/** Where one attempt goes. */
export interface Placed extends Station {
  /** GPUs that the engine leased for it. Given back when its process has ended: what follows needs none. */
  readonly lease?: Lease | undefined;
  /** The name of the attempt of an earlier run that this one goes on with. */
  readonly resumes?: string | undefined;
}

export type Target = Pick<PlaceOfStage, 'profile' | 'settings'>;

export interface Placements {
  of(stage: Stage): PlaceOfStage;
  open(target: Target): Promise<Result<Station, ExecutorFault>>;
  /** Whether the station can ever meet such a request. */
  check(station: Station, resources: Resources): Promise<Verdict>;
  close(): void;
}

type Opening = Promise<Result<Omit<Station, 'profile'>, ExecutorFault>>;

export function makePlacements(
  project: Project,
  {
    profiles = new Map(),
    profile = LOCAL,
    open = openExecutor,
  }: Pick<RunOptions, 'profiles' | 'profile' | 'open'>,
  emit: Emit,
): Placements {
  const stations = new Map<string, Opening>();
  const verdicts = new Map<string, Promise<Verdict>>();

  async function openNew({ profile: name, settings }: Target): Opening {
    const warn = (fault: ExecutorFault): void => emit(warningOf(fault));
    const opened = await open(settings, { project, profile: name, warn });
    if (!opened.ok) return err(opened.error);
    const executor = opened.value;
    const tracker = track(executor, (trouble) => emit(silence(name, executor, trouble)));
    return ok({ settings, executor, tracker });
  }

  return {
    of: (stage) => {
      // What works among the project's own files does so here.
      const place = stage.workspace === undefined ? placeOf : placeHere;
      return place(profiles, profile, stage);
    },
    open: async (target) => {
      const id = JSON.stringify(target.settings);
      let opening = stations.get(id);
      if (opening === undefined) {
        opening = openNew(target);
        stations.set(id, opening);
      }
      const opened = await opening;
      if (opened.ok) return ok({ ...opened.value, profile: target.profile });
      if (stations.get(id) === opening) stations.delete(id);
      return opened;
    },
    check: async ({ settings, executor }, resources) => {
      const id = JSON.stringify([settings, resources]);
      let asked = verdicts.get(id);
      if (asked === undefined) {
        asked = executor.check(resources);
        verdicts.set(id, asked);
      }
      const verdict = await asked;
      if (verdict.fits === 'never' && verdict.fault.passing) verdicts.delete(id);
      return verdict;
    },
    close: () => {
      for (const opening of stations.values()) {
        opening.then((opened) => {
          if (!opened.ok) return;
          opened.value.tracker.stop();
          opened.value.executor.close();
        }, nothing);
      }
    },
  };
}

/** What stages share on this machine: as much as the call says, its profiles, or all of it. */
export function roomHere({
  jobs,
  profiles = new Map(),
  profile = LOCAL,
}: Pick<RunOptions, 'jobs' | 'profiles' | 'profile'>): { readonly cpus: number; readonly memory: number } {
  const { cpus = availableParallelism(), memory = totalmem() } = limitsHere(profiles, profile);
  return { cpus: jobs ?? cpus, memory };
}

/** Whoever waited for it has heard of it. */
function nothing(): void {}

function warningOf({ code, message, hint }: ExecutorFault): Parameters<Emit>[0] {
  const diagnostic = { code, severity: 'warning', message, hint } as const;
  return { type: 'warning', at: Date.now(), diagnostic };
}

function silence(profile: string, { shown }: Executor, { message, hint }: Trouble): Parameters<Emit>[0] {
  const diagnostic = {
    code: 'executor-silent',
    severity: 'warning',
    message: `${shown === profile ? shown : `${profile} (${shown})`} cannot be asked: ${message}`,
    hint: hint ?? 'what it has goes on; it is asked again',
  } as const;
  return { type: 'warning', at: Date.now(), diagnostic };
}

/** What a stage is told that an executor does not take. */
export function refusal({ code, message, hint, command, output }: ExecutorFault): StageFailure {
  return { code, message, hint, command, output };
}
