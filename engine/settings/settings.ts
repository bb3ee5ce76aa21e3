/** @file The settings of a project, from its `warren.yaml`; an empty file only marks the project. */
import { readFileSync } from 'node:fs';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { RemotePlace } from '../../cache/remotes/remote.ts';
import { type Project, settingsPath } from '../project.ts';
import type { Profiles } from './profiles.ts';

export interface Settings {
  readonly remotes: ReadonlyMap<string, RemotePlace>;
  /** The name of the default remote, if there is one. */
  readonly remote: string | undefined;
  readonly profiles: Profiles;
  /** The name of the default profile, where one is given. */
  readonly profile: string | undefined;
}

const NONE: Settings = { remotes: new Map(), remote: undefined, profiles: new Map(), profile: undefined };

/** The settings, or everything that is wrong with them. */
export async function readSettings(project: Project): Promise<Result<Settings, readonly Diagnostic[]>> {
  const path = settingsPath(project);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return ok(NONE);
    const message = `The settings ${path} cannot be read (${code}).`;
    return err([{ code: 'settings-unreadable', severity: 'error', message }]);
  }
  // Most projects have nothing but comments here, and no use for a YAML parser.
  if (/^(?:\s*(?:#.*)?\n)*\s*(?:#.*)?$/.test(text)) return ok(NONE);
  const { understandSettings } = await import('./understand.ts');
  return understandSettings(path, text, project.root);
}
