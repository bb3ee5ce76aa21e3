/** @file The packages that modules of ours reach, with all that these need, as one flat folder of packages. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Package {
  readonly name: string;
  /** Where it is here, links followed. */
  readonly folder: string;
  /** Where it goes: `node_modules/ajv`; below another package where that needs a version of its own. */
  readonly placed: string;
}

interface Wanted {
  readonly name: string;
  /** Who asks, here and there. */
  readonly from: string;
  readonly below: string;
  readonly needed: boolean;
}

/** `lacking`: the first package that should be here and is not. */
export function packagesOf(
  names: readonly string[],
  from: string,
): { readonly packages: readonly Package[]; readonly lacking: string | undefined } {
  const placed = new Map<string, Package>();
  const queue: Wanted[] = names.map((name) => ({ name, from, below: '', needed: true }));
  for (let wanted = queue.shift(); wanted !== undefined; wanted = queue.shift()) {
    const { name, below } = wanted;
    const folder = folderOf(name, wanted.from);
    if (folder === undefined) {
      if (wanted.needed) return { packages: [], lacking: name };
      continue;
    }
    const shared = placed.get(`node_modules/${name}`);
    if (shared?.folder === folder) continue;
    const at = `${shared === undefined || below === '' ? '' : `${below}/`}node_modules/${name}`;
    if (placed.has(at)) continue;
    placed.set(at, { name, folder, placed: at });
    const needs = dependenciesOf(folder);
    queue.push(...needs.map((need) => ({ ...need, from: folder, below: at })));
  }
  return { packages: [...placed.values()], lacking: undefined };
}

/** As Node.js looks for it. */
function folderOf(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return realpathSync(folder);
    if (dirname(at) === at) return undefined;
  }
}

function dependenciesOf(folder: string): { readonly name: string; readonly needed: boolean }[] {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as { dependencies?: object; optionalDependencies?: object };
  const optional = Object.keys(optionalDependencies);
  return [
    ...Object.keys(dependencies).map((name) => ({ name, needed: !optional.includes(name) })),
    ...optional.map((name) => ({ name, needed: false })),
  ];
}

/** Paths with slashes, of the files that a program needs; packages inside of it are looked for by name. */
export function filesIn(folder: string): string[] {
  const paths: string[] = [];
  const visit = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules') visit(path);
      } else if (entry.isFile() && !/\.(d\.[cm]?ts|map)$/.test(path)) paths.push(path);
    }
  };
  visit('');
  return paths.sort();
}
