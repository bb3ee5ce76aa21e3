/** @file Tree objects: a folder as one canonical list. Equal folders, equal digest, on every machine. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareCodePoints } from '../base/canonical.ts';
import { digestBytes } from '../base/digest.ts';
import type { Digest } from '../base/ids.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { Artifact, ArtifactFault, TreeEntry } from './artifact.ts';
import { objectPath } from './layout.ts';
import { objectState, storeText } from './objects.ts';
import { errnoOf } from './publish.ts';
import { isTree } from './tree-shape.ts';

const TAG = 'warren/tree/1\n';

/** The tag stands in front of the stored text too: the digest of a tree object is that of its bytes, like any other. */
export function treeText(entries: readonly TreeEntry[]): string {
  // Lists of texts: plain JSON is canonical, and ten times faster for 200,000 of them.
  return `${TAG}${JSON.stringify(entries)}`;
}

export function treeDigest(entries: readonly TreeEntry[]): Digest {
  return digestBytes(treeText(entries));
}

export function storeTree(cache: string, entries: readonly TreeEntry[]): Artifact {
  const text = treeText(entries);
  const digest = digestBytes(text);
  storeText(cache, digest, text);
  return { form: 'tree', digest };
}

/** Undefined when the tree object is missing, corrupt or no folder's list: its producer has to run again. */
export function readTree(cache: string, digest: Digest): readonly TreeEntry[] | undefined {
  let text: string;
  try {
    text = readFileSync(objectPath(cache, digest, 'tree'), 'utf8');
  } catch {
    return undefined;
  }
  return digestBytes(text) === digest ? entriesIn(text, digest) : undefined;
}

/** The entries of a text with this digest, if it is the list of a folder that keeps inside of it. */
export function entriesIn(text: string, digest: Digest): readonly TreeEntry[] | undefined {
  if (!text.startsWith(TAG)) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(TAG.length));
    return isTree(value, digest) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What is in a folder; undefined when its list is gone. */
export function entriesOf(cache: string, { digest, held }: Artifact): readonly TreeEntry[] | undefined {
  return held === undefined ? readTree(cache, digest) : held.entries;
}

/** The objects without which the artifact is not whole; the tree object itself comes first. */
export function firstLost(cache: string, artifact: Artifact): Digest | undefined {
  if (artifact.held !== undefined) return existsSync(artifact.held.path) ? undefined : artifact.digest;
  if (artifact.form !== 'tree') {
    return objectState(cache, artifact.digest, artifact.form) === 'good' ? undefined : artifact.digest;
  }
  const entries = readTree(cache, artifact.digest);
  if (entries === undefined) return artifact.digest;
  for (const [, form, digest] of entries) {
    if ((form === 'file' || form === 'exec') && objectState(cache, digest, form) !== 'good') return digest;
  }
  return undefined;
}

/** A member of a folder, with a digest of its own. `lost` when the tree object is not there to look into. */
export function memberOf(
  cache: string,
  artifact: Artifact,
  subpath: string,
): Result<Artifact, ArtifactFault | { readonly code: 'lost'; readonly digest: Digest }> {
  if (artifact.form !== 'tree') {
    return err({
      code: 'not-a-folder',
      path: subpath,
      message: `${subpath} is asked of a file, not of a folder.`,
    });
  }
  const entries = entriesOf(cache, artifact);
  if (entries === undefined) return err({ code: 'lost', digest: artifact.digest });
  const at = artifact.held && join(artifact.held.path, subpath);
  const exact = entries.find(([path]) => path === subpath);
  if (exact !== undefined) return exactMember(cache, exact, at);
  const prefix = `${subpath}/`;
  const below = entries.filter(([path]) => path.startsWith(prefix));
  if (below.length === 0) return err(missing(subpath, entries));
  const entriesBelow = below.map(([path, ...rest]) => [path.slice(prefix.length), ...rest] as TreeEntry);
  return ok(storeMember(cache, entriesBelow, at));
}

/** A plan looks into folders, too, in a cache that it may not write to: the digest is all that it needs. */
function storeMember(cache: string, entries: readonly TreeEntry[], at: string | undefined): Artifact {
  if (at !== undefined) return { form: 'tree', digest: treeDigest(entries), held: { path: at, entries } };
  try {
    return storeTree(cache, entries);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { form: 'tree', digest: treeDigest(entries) };
  }
}

function exactMember(
  cache: string,
  entry: TreeEntry,
  at: string | undefined,
): Result<Artifact, ArtifactFault> {
  const [path, form, digest] = entry;
  switch (form) {
    case 'file':
    case 'exec':
      return ok(at === undefined ? { form, digest } : { form, digest, held: { path: at } });
    case 'dir':
      return ok(storeMember(cache, [], at));
    case 'link':
      return err({ code: 'not-a-file', path, message: `${path} is a link; name what it points to.` });
  }
}

function missing(subpath: string, entries: readonly TreeEntry[]): ArtifactFault {
  const names = [...new Set(entries.map(([path]) => path.split('/')[0] as string))].sort(compareCodePoints);
  return {
    code: 'missing',
    path: subpath,
    message: `${subpath} is not in the folder, which has ${names.join(', ')}.`,
  };
}
