/** @file Profiles: where the stages of a run go, by name. Who runs a stage is never part of its key. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { ExecutorSettings } from '../executors/settings.ts';
import type { Resources, Stage } from '../pipeline/graph.ts';
import { matcherOf } from '../pipeline/select.ts';

export interface Profile {
  readonly name: string;
  readonly settings: ExecutorSettings;
  /** For what a stage leaves open. */
  readonly resources: Partial<Resources>;
  /** Most attempts there at a time. */
  readonly jobs?: number | undefined;
  /** By kind, and by stage as the command line names stages; the stage's wins. */
  readonly kinds: ReadonlyMap<string, Override>;
  readonly stages: ReadonlyMap<string, Override>;
}

export interface Override {
  /** The stage goes where this profile would send it. No way along these leads back to a profile: that is checked. */
  readonly profile?: string | undefined;
  /** Settings of the profile's own executor, in place of the profile's. */
  readonly settings: Partial<ExecutorSettings>;
  /** In place of what the stage asks for. */
  readonly resources: Partial<Resources>;
}

export type Profiles = ReadonlyMap<string, Profile>;

export interface PlaceOfStage {
  /** The name of the profile that it ends at. */
  readonly profile: string;
  readonly settings: ExecutorSettings;
  readonly resources: Resources;
}

/** The profile that always exists; `warren.yaml` may give it settings. */
export const LOCAL = 'local';

/** Where a stage goes, and what it asks for there. */
export function placeOf(
  profiles: Profiles,
  chosen: string,
  stage: Pick<Stage, 'id' | 'kind' | 'resources'>,
): PlaceOfStage {
  const profile = profileNamed(profiles, chosen);
  const override = overrideOf(profile, stage);
  if (override?.profile !== undefined) {
    const there = placeOf(profiles, override.profile, stage);
    return { ...there, resources: { ...there.resources, ...override.resources } };
  }
  return {
    profile: profile.name,
    // Both are of one executor: the override was read by its fields.
    settings: { ...profile.settings, ...override?.settings } as ExecutorSettings,
    resources: { ...filled(stage.resources, profile.resources), ...override?.resources },
  };
}

/** What `local` is where nothing is said of it. */
export function profileNamed(profiles: Profiles, name: string): Profile {
  const profile = profiles.get(name);
  if (profile !== undefined) return profile;
  if (name !== LOCAL) throw new Error(`Internal error: there is no profile ${name}`);
  return { name, settings: { executor: 'local' }, resources: {}, kinds: new Map(), stages: new Map() };
}

/** Of several words for one stage its own id wins, then the longest. */
function overrideOf(
  { stages, kinds }: Profile,
  { id, kind }: Pick<Stage, 'id' | 'kind'>,
): Override | undefined {
  let best = '';
  for (const word of stages.keys()) {
    if (word === id) return stages.get(word);
    if (word.length > best.length && matcherOf(word)(id)) best = word;
  }
  return stages.get(best) ?? kinds.get(kind);
}

/** A stage says 0 for what it leaves open. */
function filled(asked: Resources, defaults: Partial<Resources>): Resources {
  const open = Object.entries(defaults).filter(([field]) => !asked[field as keyof Resources]);
  return { ...asked, ...Object.fromEntries(open) };
}

/** Every profile that a stage of these may go to, the chosen one first. */
export function* profilesFrom(profiles: Profiles, chosen: string): Generator<Profile> {
  const seen = new Set([chosen]);
  for (const name of seen) {
    const profile = profileNamed(profiles, name);
    yield profile;
    for (const { profile: next } of [...profile.kinds.values(), ...profile.stages.values()]) {
      if (next !== undefined) seen.add(next);
    }
  }
}

/** `--profile`, then `WARREN_PROFILE`, then `profile:` of the settings, then this machine. */
export function chooseProfile(
  { profiles, profile }: { readonly profiles: Profiles; readonly profile: string | undefined },
  option: string | undefined,
  env: { readonly [name: string]: string | undefined },
): Result<string, Diagnostic> {
  const said = option ?? (env['WARREN_PROFILE'] || undefined);
  const chosen = said ?? profile ?? LOCAL;
  if (profiles.has(chosen) || chosen === LOCAL) return ok(chosen);
  const source = option === undefined ? 'WARREN_PROFILE' : '--profile';
  const names = [...new Set([...profiles.keys(), LOCAL])].join(', ');
  const message = `${source} names ${JSON.stringify(chosen)}, which is no profile of this project.`;
  const hint = `its profiles are ${names}; others are named in warren.yaml under profiles`;
  return err({ code: 'unknown-profile', severity: 'error', message, hint });
}

/** Words of `stages:` that name no stage of a pipeline: a slip, or meant for another pipeline of the project. */
export function strayOverrides(
  profiles: Profiles,
  chosen: string,
  stages: readonly Pick<Stage, 'id'>[],
): Diagnostic[] {
  return [...profilesFrom(profiles, chosen)].flatMap(({ name, stages: words }): Diagnostic[] => {
    const strays = [...words.keys()].filter((word) => !stages.some(({ id }) => matcherOf(word)(id)));
    if (strays.length === 0) return [];
    const named = strays.map((word) => JSON.stringify(word)).join(', ');
    const message = `Profile ${name} has settings for ${named}: this pipeline has no such stage.`;
    const hint = 'look at stages of the profile in warren.yaml';
    return [{ code: 'stray-override', severity: 'warning', message, hint }];
  });
}
