/** @file What of this machine the profiles of a project leave to its stages. */
import type { LocalSettings } from '../executors/settings.ts';
import type { Stage } from '../pipeline/graph.ts';
import {
  LOCAL,
  type PlaceOfStage,
  type Profile,
  type Profiles,
  placeOf,
  profileNamed,
  profilesFrom,
} from './profiles.ts';

/** Where a stage goes that cannot leave this machine: as the chosen profile says if that is here, else as `local` does. */
export function placeHere(
  profiles: Profiles,
  chosen: string,
  stage: Pick<Stage, 'id' | 'kind' | 'resources'>,
): PlaceOfStage {
  for (const name of [chosen, LOCAL]) {
    const place = placeOf(profiles, name, stage);
    if (place.settings.executor === 'local') return place;
  }
  return { profile: LOCAL, settings: profileNamed(profiles, LOCAL).settings, resources: stage.resources };
}

/**
 * Cores and memory that all stages of a call share here. It is one machine: of several local profiles that they may go
 * to, the lowest number holds. A number above the machine's own is taken at its word, as of Snakemake's `--cores`.
 */
export function limitsHere(profiles: Profiles, chosen: string): Pick<LocalSettings, 'cpus' | 'memory'> {
  const reached = [...profilesFrom(profiles, chosen)].flatMap(localOf);
  const all = reached.length > 0 ? reached : localOf(profileNamed(profiles, LOCAL));
  return { cpus: lowest(all.map(({ cpus }) => cpus)), memory: lowest(all.map(({ memory }) => memory)) };
}

function localOf({ settings }: Profile): LocalSettings[] {
  return settings.executor === 'local' ? [settings] : [];
}

function lowest(numbers: readonly (number | undefined)[]): number | undefined {
  const said = numbers.filter((each) => each !== undefined);
  return said.length === 0 ? undefined : Math.min(...said);
}
