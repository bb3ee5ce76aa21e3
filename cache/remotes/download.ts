/**
 * @file One object from a remote into the cache. Bytes gather under `incoming/`, where a later try goes on with them, and
 * get an object's name only when their digest is the one that was asked for.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, rmSync, statfsSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hexOf } from '../../base/digest.ts';
import type { Digest, Key } from '../../base/ids.ts';
import { err, ok } from '../../base/result.ts';
import type { Locks } from '../locks.ts';
import { adoptFile, verifyObject } from '../objects.ts';
import { errnoOf, temporaryBeside } from '../publish.ts';
import { objectAt } from './paths.ts';
import { tooLarge, truncated, wrongBytes } from './reading.ts';
import { BrokenOff, type Opened, type Remote, type RemoteFault, type Remotely } from './remote.ts';

/** Where objects come from and go to. */
export interface Way {
  readonly cache: string;
  readonly remote: Remote;
  readonly locks: Locks;
  /** Aborted: what is on its way is left where it is, for a later try. */
  readonly stop?: AbortSignal | undefined;
  /** Hears of bytes that came. */
  got(bytes: number): void;
}

/** How often a download that breaks off is taken up again, as long as it gets on. */
const TRIES = 5;

/** False: the remote does not have it. What is whole here already is not asked for. */
export async function fetchObject(way: Way, digest: Digest, form: 'file' | 'exec'): Remotely<boolean> {
  if (verifyObject(way.cache, digest, form) === 'good') return ok(true);
  const shared = join(way.cache, 'incoming', `${hexOf(digest)}${form === 'exec' ? '.x' : ''}`);
  // Two engines that want one object would write into one file: the second gathers for itself.
  const claim = way.locks.tryLock(digest as string as Key);
  const path = claim.held ? shared : temporaryBeside(shared);
  try {
    await mkdir(dirname(path), { recursive: true });
    for (let left = TRIES; ; left--) {
      const done = await gather(way, digest, form, path);
      const again = !done.ok && done.error.again && left > 1 && way.stop?.aborted !== true;
      if (!again) return done.ok ? done : err(done.error.fault);
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const message = `An object could not be written to the cache: ${(error as Error).message}.`;
    return err({ code: 'cache-write', message });
  } finally {
    if (claim.held) claim.release();
    else rmSync(path, { force: true });
  }
}

interface Failed {
  readonly fault: RemoteFault;
  readonly again: boolean;
}

async function gather(way: Way, digest: Digest, form: 'file' | 'exec', path: string) {
  const { remote, cache } = way;
  const name = objectAt(digest, form);
  const hasher = createHash('sha256');
  const have = await hashInto(hasher, path);
  if (have > 0 && isDigest(hasher, digest)) {
    await adoptFile(cache, path, digest, form);
    return ok(true);
  }
  const opened = await remote.open(name, have);
  if (!opened.ok) {
    // The remote may have nothing from there on, because what is here is too long: then begin anew.
    const again = have > 0 && opened.error.code === 'remote-answer';
    if (again) rmSync(path, { force: true });
    return err<Failed>({ fault: opened.error, again });
  }
  if (opened.value === undefined) return ok(false);
  const { size, from } = opened.value;
  if (from > size) {
    rmSync(path, { force: true });
    return err<Failed>({ fault: wrongBytes(remote, digest), again: true });
  }
  if (size > freeBytes(cache) + have) return err<Failed>({ fault: tooLarge(remote, name), again: false });
  const state = from === have ? hasher : createHash('sha256');
  const written = await append(way, opened.value, path, state);
  if (written.fault !== undefined) {
    return err<Failed>({ fault: written.fault(name), again: written.again });
  }
  if (!isDigest(state, digest)) {
    rmSync(path, { force: true });
    // The part that was here may have been the wrong one.
    return err<Failed>({ fault: wrongBytes(remote, digest), again: from > 0 });
  }
  await adoptFile(cache, path, digest, form);
  return ok(true);
}

interface Written {
  readonly fault: ((name: string) => RemoteFault) | undefined;
  readonly again: boolean;
}

/** Writes what comes behind what is there, up to the declared size and not a byte more. */
async function append(
  { remote, got, stop }: Way,
  { size, from, chunks }: Opened,
  path: string,
  state: Hash,
): Promise<Written> {
  let have = from;
  const file = await open(path, from > 0 ? 'a' : 'w', 0o644);
  try {
    for await (const chunk of chunks) {
      have += chunk.length;
      if (have > size) {
        rmSync(path, { force: true });
        return { fault: (name) => tooLarge(remote, name), again: false };
      }
      if (stop?.aborted) throw new BrokenOff('interrupted');
      state.update(chunk);
      await file.writeFile(chunk);
      got(chunk.length);
    }
  } catch (error) {
    if (!(error instanceof BrokenOff)) throw error;
    return { fault: (name) => truncated(remote, name, error.message), again: have > from };
  } finally {
    await file.close();
  }
  if (have === size) return { fault: undefined, again: false };
  return { fault: (name) => truncated(remote, name, 'it ended early'), again: have > from };
}

/** Bytes of an earlier try, which are hashed like those that come. */
async function hashInto(state: Hash, path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 0;
  for await (const chunk of createReadStream(path)) state.update(chunk as Buffer);
  return found.size;
}

function isDigest(state: Hash, digest: Digest): boolean {
  return `sha256:${state.copy().digest('hex')}` === digest;
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
