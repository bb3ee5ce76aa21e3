/** @file The pipeline's `out`: where each result belongs under the project, and whether it is there. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StageId } from '../../base/ids.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { pinInput } from '../../cache/inputs.ts';
import type { Source } from '../pipeline/graph.ts';
import type { GraphIndex } from './index.ts';
import { type OutputsOf, resolveSource } from './resolve.ts';
import type { World } from './world.ts';

/** One name of `out`. Many sources make a folder with one entry a label. */
export interface OutPlace {
  readonly name: string;
  readonly path: string;
  readonly many: boolean;
  readonly items: readonly { readonly label: string; readonly source: Source }[];
  /** The stages that have to have their results first. */
  readonly stages: readonly StageId[];
}

export interface OutItem {
  readonly path: string;
  readonly artifact: Artifact;
}

/** Every name of `out`; its path gets its suffix when its artifact is known. */
export function outPlaces(index: GraphIndex, world: World): OutPlace[] {
  const folder = join(world.project.root, 'out', index.graph.name);
  return Object.entries(index.graph.out).map(([name, binding]) => {
    const labelled = binding.arity === 'one' ? [['', binding.source] as const] : binding.items;
    const items = labelled.map(([label, source], i) => ({
      label: binding.arity === 'many' && binding.form === 'list' ? String(i) : label,
      source,
    }));
    const stages = items.flatMap(({ source }) => (source.kind === 'output' ? [source.stage] : []));
    return {
      name,
      path: join(folder, name),
      many: binding.arity === 'many',
      items,
      stages: [...new Set(stages)],
    };
  });
}

/** The artifacts of a name and their paths; undefined while one is not known. */
export function outItems(
  place: OutPlace,
  index: GraphIndex,
  world: World,
  outputsOf: OutputsOf,
): OutItem[] | undefined {
  const items: OutItem[] = [];
  for (const { label, source } of place.items) {
    const resolved = resolveSource(source, index, world, outputsOf);
    if (!resolved.ok) return undefined;
    const { artifact, suffix } = resolved.value;
    const path = place.many ? join(place.path, `${fileNameOf(label)}${suffix}`) : `${place.path}${suffix}`;
    items.push({ path, artifact });
  }
  return items;
}

/** Whether people find exactly these bytes there already. */
export function isPlaced(place: OutPlace, items: readonly OutItem[], world: World): boolean {
  if (place.many && countEntries(place.path) !== items.length) return false;
  return items.every(({ path, artifact }) => {
    const pinned = pinInput(path, world.memo, 'whole');
    return pinned.ok && pinned.value.artifact.digest === artifact.digest;
  });
}

/** A label as a file name: `beaver[round=2]/rrhf` has characters that a path or a shell would take for its own. */
export function fileNameOf(label: string): string {
  const name = encodeURIComponent(label)
    .replaceAll('%3D', '=')
    .replaceAll('%2C', ',')
    .replaceAll('%5B', '[')
    .replaceAll('%5D', ']');
  return name.startsWith('.') ? `%2E${name.slice(1)}` : name;
}

function countEntries(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return -1;
  }
}
