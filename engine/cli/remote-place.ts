import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { RemotePlace } from '../../cache/remotes/remote.ts';
import type { Project } from '../project.ts';
import { readSettings } from '../settings/settings.ts';

/** The project's default remote; undefined where it has none, or where none is to be asked. */
export async function defaultRemote(
  project: Project,
  wanted: boolean,
): Promise<Result<RemotePlace | undefined, readonly Diagnostic[]>> {
  const settings = await readSettings(project);
  if (!settings.ok) return settings;
  const { remote, remotes } = settings.value;
  return ok(wanted && remote !== undefined ? remotes.get(remote) : undefined);
}

/** The remote of this name, or the default one: for calls that cannot do without. */
export async function remoteNamed(
  project: Project,
  name: string | undefined,
): Promise<Result<RemotePlace, readonly Diagnostic[]>> {
  const settings = await readSettings(project);
  if (!settings.ok) return settings;
  const { remote, remotes } = settings.value;
  const chosen = name ?? remote;
  const place = chosen === undefined ? undefined : remotes.get(chosen);
  if (place !== undefined) return ok(place);
  const names = [...remotes.keys()];
  const message =
    chosen === undefined ? 'This project has no default remote.' : `There is no remote "${chosen}".`;
  const hint =
    names.length > 0
      ? `its remotes are ${names.join(', ')}`
      : 'name one in warren.yaml: remotes: { origin: s3://BUCKET/PREFIX }';
  return err([{ code: 'unknown-remote', severity: 'error', message, hint }]);
}
