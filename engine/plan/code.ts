/**
 * @file Digest of a kind's code: its comment-stripped sources, reached by relative imports, and the versions of the
 * packages that they reach. The build records the digest of the sources beside the built kind, so that a built tree
 * and its source tree give the same keys.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareCodePoints } from '../../base/canonical.ts';
import { digestBytes } from '../../base/digest.ts';
import type { Digest } from '../../base/ids.ts';
import { type CodeFiles, type CodeManifest, codeDigest, sourceDigest } from './code-manifest.ts';
import { stripComments } from './strip.ts';

/** What the sources say, wherever they are installed. Recorded by the build as `code.json`. */
export interface SourceCode {
  readonly source: Digest;
  /** What `source` is the digest of: paths relative to the kind's folder, and digests without comments. */
  readonly files: CodeFiles;
  /** Names of packages, in code-point order. */
  readonly packages: readonly string[];
}

export interface KindCode {
  readonly digest: Digest;
  /** What the digest is of, by name: how `why` tells which module changed. */
  readonly manifest: CodeManifest;
  /** Files whose change may change the digest. */
  readonly files: readonly string[];
}

/** What runs for every kind, before and around its own module. */
const HOST = fileURLToPath(new URL('../../stages/host.ts', import.meta.url));
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\1/g;

/** The code of a kind by its entry. Built kinds answer from their record, others from their sources. */
export function codeOfKind(entry: string): KindCode {
  const record = join(dirname(entry), 'code.json');
  const recorded = existsSync(record);
  const { code, files } = recorded
    ? { code: JSON.parse(readFileSync(record, 'utf8')) as SourceCode, files: [record] }
    : readSources(existsSync(HOST) ? [entry, HOST] : [entry]);
  const versions = code.packages.map((name) => packageVersion(name, dirname(entry)));
  const packages = Object.fromEntries(versions.map(({ name, version }) => [name, version]));
  const manifests = versions.flatMap(({ file }) => file ?? []);
  return {
    digest: codeDigest(code.source, packages),
    manifest: { files: code.files, packages },
    files: [...files, ...manifests],
  };
}

/** Reads everything that the entries reach. Paths in the digest are relative to the first entry's folder. */
export function readSources(entries: readonly string[]): { code: SourceCode; files: string[] } {
  const base = dirname(entries[0] as string);
  const digests = new Map<string, Digest>();
  const packages = new Set<string>();
  const queue = entries.map((entry) => resolve(entry));
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (digests.has(file)) continue;
    const text = readFileSync(file, 'utf8');
    const isCode = /\.[cm]?[jt]s$/.test(file);
    const stripped = isCode ? stripComments(text) : text;
    digests.set(file, digestBytes(stripped));
    if (!isCode) continue;
    for (const [, , target] of stripped.matchAll(IMPORT)) {
      const name = target as string;
      if (name.startsWith('.')) queue.push(resolve(dirname(file), name));
      else if (!name.startsWith('node:')) packages.add(packageOf(name));
    }
  }
  const files = [...digests.keys()].sort(compareCodePoints);
  const sources = files.map(
    (file) => [relative(base, file).split(sep).join('/'), digests.get(file) as Digest] as const,
  );
  const code = { source: sourceDigest(sources), files: sources };
  return { code: { ...code, packages: [...packages].sort(compareCodePoints) }, files };
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The version that an import from `folder` finds; an absent package is a fact like any other. */
export function packageVersion(
  name: string,
  folder: string,
): { name: string; version: string; file?: string } {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, 'node_modules', name, 'package.json');
    if (existsSync(file)) {
      const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: string };
      return { name, version: version ?? 'unknown', file };
    }
    if (dirname(at) === at) return { name, version: 'absent' };
  }
}
