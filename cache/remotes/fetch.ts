/** @file Brings artifacts: of each only the objects that are not whole here. */
import type { Digest } from '../../base/ids.ts';
import { ok } from '../../base/result.ts';
import type { Artifact } from '../artifact.ts';
import { objectState } from '../objects.ts';
import { readTree } from '../tree.ts';
import { fetchObject, type Way } from './download.ts';
import { inParallel } from './limit.ts';
import { fetchTree } from './reading.ts';
import type { RemoteFault, Remotely } from './remote.ts';

/** Requests on their way at a time. */
export const AT_ONCE = 16;

export interface FileObject {
  readonly digest: Digest;
  readonly form: 'file' | 'exec';
}

export interface Fetched {
  /** Objects that came. */
  readonly objects: number;
  /** What the remote does not have. */
  readonly missing: readonly Artifact[];
  /** The first of each code. */
  readonly faults: readonly RemoteFault[];
}

/** After one of these the rest would only fail the same way. */
const FINAL = new Set<RemoteFault['code']>([
  'remote-unreachable',
  'remote-denied',
  'remote-redirect',
  'remote-no-credentials',
  'cache-write',
]);

export function isFinal({ code }: RemoteFault): boolean {
  return FINAL.has(code);
}

/** `progress` hears of every object that is settled, and of how many there are. */
export async function fetchArtifacts(
  way: Way,
  artifacts: readonly Artifact[],
  progress: (settled: number, of: number) => void = () => {},
): Promise<Fetched> {
  const faults = new Map<RemoteFault['code'], RemoteFault>();
  const missing: Artifact[] = [];
  let objects = 0;
  const listed = await listObjects(way, artifacts);
  for (const fault of listed.faults) faults.set(fault.code, fault);
  missing.push(...listed.missing);
  objects += listed.fetched;
  const wanted = listed.files.filter(({ digest, form }) => objectState(way.cache, digest, form) !== 'good');
  let settled = 0;
  progress(settled, wanted.length);
  await inParallel(wanted, way.remote.atOnce ?? AT_ONCE, async ({ digest, form }) => {
    if (way.stop?.aborted || [...faults.values()].some(isFinal)) return;
    const done = await fetchObject(way, digest, form);
    if (!done.ok) faults.set(done.error.code, faults.get(done.error.code) ?? done.error);
    else if (done.value) objects += 1;
    else missing.push({ digest, form });
    settled += 1;
    progress(settled, wanted.length);
  });
  return { objects, missing, faults: [...faults.values()] };
}

interface Listed {
  /** Each once. */
  readonly files: readonly FileObject[];
  /** Lists of folders that had to be brought for it. */
  readonly fetched: number;
  readonly missing: readonly Artifact[];
  readonly faults: readonly RemoteFault[];
}

/** The files of artifacts; lists of folders that are not here are brought first. */
export async function listObjects(
  { cache, remote }: Pick<Way, 'cache' | 'remote'>,
  artifacts: readonly Artifact[],
): Promise<Listed> {
  const files = new Map<string, FileObject>();
  const add = (digest: Digest, form: 'file' | 'exec'): void => {
    files.set(`${digest} ${form}`, { digest, form });
  };
  const missing: Artifact[] = [];
  const faults: RemoteFault[] = [];
  let fetched = 0;
  const trees = new Set<Digest>();
  for (const { digest, form } of artifacts) {
    if (form === 'tree') trees.add(digest);
    else add(digest, form);
  }
  await inParallel([...trees], remote.atOnce ?? AT_ONCE, async (digest) => {
    const here = readTree(cache, digest);
    const list: Awaited<Remotely<typeof here>> =
      here === undefined ? await fetchTree(cache, remote, digest) : ok(here);
    if (!list.ok) faults.push(list.error);
    else if (list.value === undefined) missing.push({ digest, form: 'tree' });
    else {
      if (here === undefined) fetched += 1;
      for (const [, form, member] of list.value) if (form === 'file' || form === 'exec') add(member, form);
    }
  });
  return { files: [...files.values()], fetched, missing, faults };
}
