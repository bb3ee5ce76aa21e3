/** @file The kinds that ship with warren: one folder each under `stages/`, described by its manifest. Read on first use. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../stages/protocol/manifest.ts';

/** Where kinds come from. Tests and other folders of kinds give their own. */
export interface Registry {
  manifestOf(kind: string): Manifest | undefined;
  /** In code-point order. */
  kindNames(): readonly string[];
  /** Absolute path of the module that exports `run`. */
  entryOf(kind: string): string;
}

// The build mirrors the tree, so both the sources and dist/ find their own stages/ this way.
const STAGES = fileURLToPath(new URL('../../stages/', import.meta.url));
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** A registry over `<folder>/<kind>/manifest.json`; each manifest is read once, when first asked for. */
export function registryAt(folder: string): Registry {
  const manifests = new Map<string, Manifest | undefined>();
  let names: readonly string[] | undefined;

  function kindNames(): readonly string[] {
    names ??= readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, 'manifest.json')))
      .sort();
    return names;
  }

  function manifestOf(kind: string): Manifest | undefined {
    if (!manifests.has(kind)) {
      // Only listed names are read: a kind is never a path.
      const known = kindNames().includes(kind);
      const text = known ? readFileSync(join(folder, kind, 'manifest.json'), 'utf8') : undefined;
      manifests.set(kind, text === undefined ? undefined : (JSON.parse(text) as Manifest));
    }
    return manifests.get(kind);
  }

  return { manifestOf, kindNames, entryOf: (kind) => join(folder, kind, `run${EXTENSION}`) };
}

export const builtinKinds: Registry = registryAt(STAGES);
export const manifestOf: (kind: string) => Manifest | undefined = builtinKinds.manifestOf;
export const kindNames: () => readonly string[] = builtinKinds.kindNames;
