/** @file Brings what a pipeline needs and the cache lacks: records first, then the bytes that they name. */
import type { StageId } from '../../base/ids.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { openLocks } from '../../cache/locks.ts';
import { objectState } from '../../cache/objects.ts';
import { keptOutputs } from '../../cache/records.ts';
import { AT_ONCE, type Fetched, fetchArtifacts, listObjects } from '../../cache/remotes/fetch.ts';
import { inParallel } from '../../cache/remotes/limit.ts';
import { objectAt } from '../../cache/remotes/paths.ts';
import type { Remote, RemoteFault, Remotely } from '../../cache/remotes/remote.ts';
import { planAsking } from '../plan/asking.ts';
import type { GraphIndex } from '../plan/index.ts';
import type { Planned, PlanOptions } from '../plan/plan.ts';
import type { World } from '../plan/world.ts';
import type { Watch } from './watch.ts';

/** `needed`: the pipeline's `out` and the inputs of what would run; else the outputs of these stages. */
export type Wanted = 'needed' | 'all' | ReadonlySet<StageId>;

export interface Pulled {
  readonly objects: number;
  readonly bytes: number;
  /** Objects that the remote does not have. */
  readonly missing: number;
  /** Stages without a result, here or there. */
  readonly without: readonly StageId[];
  readonly faults: readonly RemoteFault[];
}

/** The world has the remote as its elsewhere: planning in it brings the records. */
export async function pull(
  index: GraphIndex,
  world: World,
  remote: Remote,
  { wanted, dryRun, ...options }: PlanOptions & { readonly wanted: Wanted; readonly dryRun: boolean },
  watch: Watch,
): Promise<Pulled> {
  const { cache } = world.project;
  const planned = await planAsking(index, world, options);
  const artifacts = artifactsOf(planned, wanted);
  const without = planned.stages
    .filter(({ id, cache: isCached }) => isCached && planned.decisions.get(id)?.state !== 'hit')
    .map(({ id }) => id);
  if (dryRun) return { ...(await measure(cache, remote, artifacts)), without };
  const locks = openLocks(cache);
  const moved = { objects: 0, of: 0, bytes: 0 };
  const tell = (): void => watch(moved);
  const got = (bytes: number): void => {
    moved.bytes += bytes;
    tell();
  };
  let fetched: Fetched;
  try {
    fetched = await fetchArtifacts({ cache, remote, locks, got }, artifacts, (objects, of) => {
      Object.assign(moved, { objects, of });
      tell();
    });
  } finally {
    locks.close();
  }
  const { objects, missing, faults } = fetched;
  return { objects, bytes: moved.bytes, missing: missing.length, without, faults };
}

function artifactsOf({ decisions, wanted: needed }: Planned, wanted: Wanted): readonly Artifact[] {
  if (wanted === 'needed') return needed;
  return [...decisions].flatMap(([id, decision]) => {
    if (decision.state !== 'hit' || (wanted !== 'all' && !wanted.has(id))) return [];
    return keptOutputs(decision.record);
  });
}

/** What would come. Lists of folders are brought for it: without them nobody knows. */
async function measure(
  cache: string,
  remote: Remote,
  artifacts: readonly Artifact[],
): Promise<Omit<Pulled, 'without'>> {
  const { files, missing, faults } = await listObjects({ cache, remote }, artifacts);
  const lacking = files.filter(({ digest, form }) => objectState(cache, digest, form) !== 'good');
  const sizes = await inParallel(
    lacking,
    AT_ONCE,
    ({ digest, form }): Remotely<number | undefined> => remote.size(objectAt(digest, form)),
  );
  const known = sizes.flatMap((size) => (size.ok && size.value !== undefined ? [size.value] : []));
  const failed = sizes.flatMap((size) => (size.ok ? [] : [size.error])).slice(0, 1);
  return {
    objects: known.length,
    bytes: known.reduce((sum, size) => sum + size, 0),
    missing: missing.length + sizes.filter((size) => size.ok && size.value === undefined).length,
    faults: [...faults, ...failed],
  };
}
