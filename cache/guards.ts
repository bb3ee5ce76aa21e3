/** @file What vouches for bytes on disk without reading them. Imports little: the fast path of a run loads it. */
import { type BigIntStats, lstatSync, readdirSync, statSync } from 'node:fs';
import { compareCodePoints } from '../base/canonical.ts';
import { digestBytes, digestFile, digestOf } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { identityOf } from './identity.ts';
import { isIgnored } from './ignored.ts';

/** A file, or the names of one folder with the files directly in it, that vouches for an artifact while it stays as it is. */
export interface Guard {
  readonly path: string;
  readonly identity: string;
  /** Of the file's bytes or the folder's names: asked when the times cannot tell. */
  readonly digest: Digest;
  /** The last write was too close to the reading for the times to tell a later one. */
  readonly racy: boolean;
  readonly files?: GuardedFiles | undefined;
}

/** Files of one folder. One guard for all: what vouches for 200,000 files has to be read again at every run. */
export interface GuardedFiles {
  readonly names: readonly string[];
  /** Of the identities, in the order of the names; and of them without the ctimes. */
  readonly identities: Digest;
  readonly stable: Digest;
  /** Of the digests of the files. */
  readonly contents: Digest;
  /** Of one of them the times cannot tell. */
  readonly racy: boolean;
}

/** A file of a folder as it was seen. */
export interface SeenFile {
  readonly identity: string;
  readonly digest: Digest;
  readonly racy: boolean;
}

export function guardFiles(files: readonly (readonly [name: string, seen: SeenFile])[]): GuardedFiles {
  const seen = files.map(([, file]) => file);
  return {
    names: files.map(([name]) => name),
    identities: digestLines(seen.map(({ identity }) => identity)),
    stable: digestLines(seen.map(({ identity }) => withoutCtime(identity))),
    contents: digestLines(seen.map(({ digest }) => digest)),
    racy: seen.some(({ racy }) => racy),
  };
}

/** Digest of what is listed in a folder. */
export function namesDigest(names: readonly string[]): Digest {
  return digestOf('warren/names/1', names.filter((name) => !isIgnored(name)).sort(compareCodePoints));
}

/**
 * Names the first file or folder that is not what it was. With `byNames` a folder in which something came and went
 * is the same: programs leave caches beside what they read.
 */
export function changedSince(guards: readonly Guard[], byNames = false): string | undefined {
  for (const guard of guards) {
    if (!holds(guard, byNames)) return guard.path;
    const changed = guard.files === undefined ? undefined : changedFile(guard.path, guard.files);
    if (changed !== undefined) return changed;
  }
  return undefined;
}

/**
 * A write that was taken back still counts as a change: a stage may have read what stood there between. Only a
 * change of ctime alone (a new link, a new mode) is settled by the bytes.
 */
function holds(guard: Guard, byNames: boolean): boolean {
  const stat = statSync(guard.path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return false;
  const identity = identityOf(stat);
  if (identity === guard.identity && !guard.racy) return true;
  const listed = byNames && stat.isDirectory();
  if (!listed && withoutCtime(identity) !== withoutCtime(guard.identity)) return false;
  return (
    (stat.isDirectory() ? namesDigest(readdirSync(guard.path)) : digestFile(guard.path)) === guard.digest
  );
}

/** As `holds`, for all files of a folder together; of several that changed it names the one written last. */
function changedFile(folder: string, files: GuardedFiles): string | undefined {
  const identities: string[] = [];
  let last: { readonly path: string; readonly stat: BigIntStats } | undefined;
  for (const name of files.names) {
    const path = `${folder}/${name}`;
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return path;
    identities.push(identityOf(stat));
    if (last === undefined || stat.ctimeNs > last.stat.ctimeNs) last = { path, stat };
  }
  if (!files.racy && digestLines(identities) === files.identities) return undefined;
  const stable = digestLines(identities.map(withoutCtime)) === files.stable;
  const contents = (): Digest => digestLines(files.names.map((name) => digestFile(`${folder}/${name}`)));
  return stable && contents() === files.contents ? undefined : last?.path;
}

/** Equal for bytes that nobody has written to in between, whoever looked at them. */
export function stampOf(guards: readonly Guard[]): Digest {
  // The device is left out: a file system may be another one after a restart of the machine.
  const times = (identity: string): string => withoutCtime(identity).slice(identity.indexOf(' '));
  return digestOf(
    'warren/stamp/1',
    guards.map(({ path, identity, files }) => [path, times(identity), files?.contents ?? null]),
  );
}

function digestLines(lines: readonly string[]): Digest {
  return digestBytes(lines.join('\n'));
}

function withoutCtime(identity: string): string {
  return identity.slice(0, identity.lastIndexOf(' '));
}
