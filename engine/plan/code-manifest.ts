/**
 * @file What a digest of code is made of, kept beside the cache's records under that digest, once: so that `why` names
 * the module that changed. A fingerprint holds the digest alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { digestOf } from '../../base/digest.ts';
import type { Digest } from '../../base/ids.ts';
import { codePath } from '../../cache/layout.ts';
import { errnoOf, writeAtomic } from '../../cache/publish.ts';

/** Paths are relative to the folder of the kind's entry; digests are of the text without comments. */
export type CodeFiles = readonly (readonly [path: string, digest: Digest])[];

export interface CodeManifest {
  readonly files: CodeFiles;
  readonly packages: { readonly [name: string]: string };
}

export function sourceDigest(files: CodeFiles): Digest {
  return digestOf('warren/sources/1', files);
}

export function codeDigest(source: Digest, packages: CodeManifest['packages']): Digest {
  return digestOf('warren/code/1', { source, packages });
}

/** Writes what is not there yet. A cache that cannot be written only makes `why` say less. */
export function keepCode(cache: string, digest: Digest, manifest: CodeManifest): void {
  const path = codePath(cache, digest);
  if (existsSync(path)) return;
  try {
    writeAtomic(path, JSON.stringify(manifest));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Undefined for one that is not there, and for one that is not what its name says. */
export function readCode(cache: string, digest: Digest): CodeManifest | undefined {
  try {
    const { files, packages } = JSON.parse(readFileSync(codePath(cache, digest), 'utf8')) as CodeManifest;
    return codeDigest(sourceDigest(files), packages) === digest ? { files, packages } : undefined;
  } catch {
    return undefined;
  }
}

/** Modules and packages by a name for people, each with what stands for its bytes. */
export function codeParts(kind: string, { files, packages }: CodeManifest): ReadonlyMap<string, string> {
  return new Map([
    ...files.map(([path, digest]) => [posix.join('stages', kind, path), digest] as const),
    ...Object.entries(packages).map(([name, version]) => [`package ${name}`, version] as const),
  ]);
}
