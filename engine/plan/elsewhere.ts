/**
 * @file The remote as planning and running see it: records and bytes that are not here. It never fails them: what cannot
 * be had is as if it were not there, and people are told once.
 */
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Key } from '../../base/ids.ts';
import { publishAction, readAction } from '../../cache/actions.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { type Locks, openLocks } from '../../cache/locks.ts';
import { objectState } from '../../cache/objects.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { Way } from '../../cache/remotes/download.ts';
import { AT_ONCE, type FileObject, fetchArtifacts, isFinal, listObjects } from '../../cache/remotes/fetch.ts';
import { inParallel } from '../../cache/remotes/limit.ts';
import { objectAt } from '../../cache/remotes/paths.ts';
import { fetchRecord } from '../../cache/remotes/reading.ts';
import type { Remote, RemoteFault } from '../../cache/remotes/remote.ts';
import { readTree } from '../../cache/tree.ts';

/** What has moved so far. */
export interface Moved {
  readonly objects: number;
  readonly of: number;
  readonly bytes: number;
}

export interface Elsewhere {
  /** Looks for records of keys; what is found is in the cache afterwards. */
  lookUp(keys: readonly Key[]): Promise<void>;
  /** Brings lists of folders alone. True if one came. */
  list(artifacts: readonly Artifact[]): Promise<boolean>;
  /** Asks whether what is not here of the artifacts is there; lists of folders are brought for it. */
  ask(artifacts: readonly Artifact[]): Promise<void>;
  /** Whether all that is not here of an artifact was there when asked. */
  has(artifact: Artifact): boolean;
  /** Brings what is not here of the artifacts. True if anything came. */
  bring(artifacts: readonly Artifact[]): Promise<boolean>;
  /** Records that came. */
  found(): number;
  /** Ends the heartbeat of its locks, and tells of what was not told one by one. */
  close(): void;
}

export interface ElsewhereTold {
  readonly warn: (diagnostic: Diagnostic) => void;
  readonly moved: (moved: Moved) => void;
  /** What happens without it, for people, when it fails for good. */
  readonly without?: string;
  /** Aborted: nothing more is asked or brought. */
  readonly stop?: AbortSignal | undefined;
}

/** Faults of one code that are told in full. */
const MOST_TOLD = 3;

export function openElsewhere(
  cache: string,
  remote: Remote,
  { warn, moved, without, stop }: ElsewhereTold,
): Elsewhere {
  const asked = new Set<Key>();
  /** Objects that are not here, by path: whether they are there. */
  const there = new Map<string, boolean>();
  const told = new Map<string, number>();
  let locks: Locks | undefined;
  /** After a fault that every further request would share. */
  let off = false;
  let records = 0;
  const total = { objects: 0, of: 0, bytes: 0 };

  function hear(fault: RemoteFault): void {
    // What was on its way when it was given up adds nothing, and what was broken off on purpose is no fault.
    if (off || stop?.aborted) return;
    const count = (told.get(fault.code) ?? 0) + 1;
    told.set(fault.code, count);
    off = isFinal(fault);
    if (count > MOST_TOLD) return;
    const hints = [fault.hint, off ? without : undefined].filter((each) => each !== undefined);
    const hint = hints.length > 0 ? hints.join('; ') : undefined;
    warn({ code: fault.code, severity: 'warning', message: fault.message, hint });
  }

  async function lookUpOne(key: Key): Promise<void> {
    if (off || stop?.aborted || readAction(cache, key) !== undefined) return;
    const found = await fetchRecord(remote, key);
    if (!found.ok) hear(found.error);
    else if (found.value !== undefined) {
      try {
        await publishAction(cache, found.value, false);
        records += 1;
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        const message = `A record could not be written to the cache: ${(error as Error).message}.`;
        hear({ code: 'cache-write', message });
      }
    }
  }

  async function askOne({ digest, form }: FileObject): Promise<void> {
    const path = objectAt(digest, form);
    if (off || there.has(path) || objectState(cache, digest, form) === 'good') return;
    const size = await remote.size(path);
    if (!size.ok) hear(size.error);
    there.set(path, size.ok && size.value !== undefined);
  }

  return {
    lookUp: async (keys) => {
      const fresh = [...new Set(keys)].filter((key) => !asked.has(key));
      for (const key of fresh) asked.add(key);
      await inParallel(fresh, AT_ONCE, lookUpOne);
    },
    list: async (artifacts) => {
      if (off) return false;
      const { fetched, faults } = await listObjects({ cache, remote }, artifacts);
      for (const fault of faults) hear(fault);
      return fetched > 0;
    },
    ask: async (artifacts) => {
      if (off) return;
      const { files, faults } = await listObjects({ cache, remote }, artifacts);
      for (const fault of faults) hear(fault);
      await inParallel(files, AT_ONCE, askOne);
    },
    has: ({ digest, form }) => {
      const isHad = (member: FileObject['digest'], as: FileObject['form']): boolean =>
        there.get(objectAt(member, as)) === true || objectState(cache, member, as) === 'good';
      if (off) return false;
      if (form !== 'tree') return isHad(digest, form);
      const entries = readTree(cache, digest);
      return entries?.every(([, as, member]) => as === 'dir' || as === 'link' || isHad(member, as)) ?? false;
    },
    bring: async (artifacts) => {
      if (off || stop?.aborted) return false;
      locks ??= openLocks(cache);
      const got = (count: number): void => {
        total.bytes += count;
        moved(total);
      };
      const way: Way = { cache, remote, locks, stop, got };
      const before = { objects: 0, of: 0 };
      const fetched = await fetchArtifacts(way, artifacts, (objects, of) => {
        total.objects += objects - before.objects;
        total.of += of - before.of;
        Object.assign(before, { objects, of });
        moved(total);
      });
      for (const fault of fetched.faults) hear(fault);
      for (const object of fetched.missing) there.set(objectAt(object.digest, object.form), false);
      return fetched.objects > 0;
    },
    found: () => records,
    close: () => {
      locks?.close();
      for (const [code, count] of told) {
        if (count <= MOST_TOLD) continue;
        const message = `${remote.shown}: ${count - MOST_TOLD} more faults of the kind ${code}.`;
        warn({ code, severity: 'warning', message });
      }
    },
  };
}
