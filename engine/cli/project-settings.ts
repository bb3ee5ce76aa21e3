/** @file What a call takes from `warren.yaml`: the remote that it asks, and the profile that it runs under. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { RemotePlace } from '../../cache/remotes/remote.ts';
import type { Graph } from '../pipeline/graph.ts';
import type { Project } from '../project.ts';
import { chooseProfile, type Profiles, strayOverrides } from '../settings/profiles.ts';
import { readSettings } from '../settings/settings.ts';

export interface ProfileOption {
  readonly profile?: string;
}

interface SettingsOptions extends ProfileOption {
  /** False for `--no-remote`. */
  readonly remote?: boolean;
}

export interface CalledSettings {
  /** Undefined where the project has none, or where none is to be asked. */
  readonly remote: RemotePlace | undefined;
  readonly profiles: Profiles;
  /** The name of one of them, or `local`. */
  readonly profile: string;
}

export async function settingsCalled(
  project: Project,
  options: SettingsOptions,
): Promise<Result<CalledSettings, readonly Diagnostic[]>> {
  const settings = await readSettings(project);
  if (!settings.ok) return settings;
  const { remotes, remote: name, profiles } = settings.value;
  const chosen = chooseProfile(settings.value, options.profile, process.env);
  if (!chosen.ok) return err([chosen.error]);
  const remote = options.remote === false || name === undefined ? undefined : remotes.get(name);
  return ok({ remote, profiles, profile: chosen.value });
}

/** Settings for stages that the pipeline does not have. */
export function profileWarnings({ profiles, profile }: CalledSettings, graph: Graph): readonly Diagnostic[] {
  return strayOverrides(profiles, profile, [...graph.stages, ...graph.leftOut]);
}
