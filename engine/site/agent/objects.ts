/**
 * @file Objects of this machine's cache. What arrives gathers under `incoming/`, whoever sends it, and gets an object's
 * name only when its digest is the one that it was sent for.
 */
import { lstatSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestBytes, digestFileInTurns, hexOf } from '../../../base/digest.ts';
import type { Key } from '../../../base/ids.ts';
import { objectPath } from '../../../cache/layout.ts';
import { type Locks, openLocks } from '../../../cache/locks.ts';
import { adoptFile, objectState, verifyObject } from '../../../cache/objects.ts';
import { temporaryBeside, withFolder, writeAtomic, writeOnce } from '../../../cache/publish.ts';
import { MOST_BYTES } from '../frame.ts';
import type { Answer, Ask } from '../requests.ts';
import { readFrom } from './files.ts';
import type { Handler } from './handling.ts';
import { isObjectPath, type ObjectName, objectIn, recordIn } from './paths.ts';
import { refuse } from './refusal.ts';

export const objectsStored: Handler<'objects-stored'> = ({ paths }, _bytes, { root }) => ({
  stored: paths.map((path) => {
    if (!isObjectPath(path)) return { size: sizeOf(recordIn(root, path)), part: 0 };
    const name = objectIn(path);
    const cache = join(root, name.store);
    // A corrupt object is none: it is brought again.
    const good = objectState(cache, name.digest, name.form) === 'good';
    const size = good ? sizeOf(objectPath(cache, name.digest, name.form)) : null;
    return { size, part: size === null ? (sizeOf(partOf(cache, name)) ?? 0) : 0 };
  }),
});

export const objectRead: Handler<'object-read'> = ({ path, from, most }, _bytes, { root }) => {
  const at = isObjectPath(path) ? join(root, path) : recordIn(root, path);
  const size = sizeOf(at);
  const bytes = size === null ? undefined : readFrom(at, from, Math.min(most, MOST_BYTES));
  return { size, bytes };
};

export const objectWrite: Handler<'object-write'> = async (ask, bytes, { root }) => {
  const { path, from, size } = ask;
  const name = objectIn(path);
  const cache = join(root, name.store);
  if (from + bytes.length > size) throw wrongBytes(path);
  const whole = bytes.length === size;
  const release = whole ? undefined : await turn(cache, name);
  try {
    if (verifyObject(cache, name.digest, name.form) === 'good') return { have: size, published: true };
    if (!whole) return await goOn(cache, name, ask, bytes);
    if (digestBytes(bytes) !== name.digest) throw wrongBytes(path);
    mayFit(root, size);
    await publishBytes(cache, name, bytes);
    return { have: size, published: true };
  } finally {
    release?.();
  }
};

async function publishBytes(cache: string, { digest, form }: ObjectName, bytes: Buffer): Promise<void> {
  const temporary = temporaryBeside(objectPath(cache, digest, form));
  try {
    withFolder(temporary, () => writeFileSync(temporary, bytes, { flag: 'wx' }));
    await adoptFile(cache, temporary, digest, form);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** One stretch of an object that comes in several. */
async function goOn(
  cache: string,
  name: ObjectName,
  { path, from, size }: Ask<'object-write'>,
  bytes: Buffer,
): Promise<Answer<'object-write'>> {
  const part = partOf(cache, name);
  const have = sizeOf(part) ?? 0;
  // Something between is missing: the sender goes on where this ends.
  if (from > have) return { have, published: false };
  const now = Math.max(have, from + bytes.length);
  if (now <= size) {
    mayFit(dirname(part), size - have);
    // What is there already came from another try, or comes from another engine just now.
    await append(part, have, bytes.subarray(have - from));
    if (now < size) return { have: now, published: false };
  }
  if (now > size || (await digestFileInTurns(part)) !== name.digest) {
    rmSync(part, { force: true });
    throw wrongBytes(path);
  }
  await adoptFile(cache, part, name.digest, name.form);
  return { have: size, published: true };
}

const locks = new Map<string, Locks>();
/** Stretches of one object follow each other, as they came. */
const turns = new Map<string, Promise<unknown>>();

/** Agents of other engines have their turns, too: nobody writes to what another one has looked through. */
async function turn(cache: string, name: ObjectName): Promise<() => void> {
  const part = partOf(cache, name);
  const before = turns.get(part);
  let leave = (): void => {};
  const mine = new Promise<void>((resolve) => {
    leave = resolve;
  });
  turns.set(part, mine);
  const pass = (): void => {
    leave();
    if (turns.get(part) === mine) turns.delete(part);
  };
  await before;
  try {
    mkdirSync(dirname(part), { recursive: true });
    const own = locksOf(cache);
    for (;;) {
      const claim = own.tryLock(name.digest as string as Key);
      if (!claim.held) await sleep(20);
      else {
        return () => {
          claim.release();
          pass();
        };
      }
    }
  } catch (error) {
    pass();
    throw error;
  }
}

function locksOf(cache: string): Locks {
  const known = locks.get(cache);
  if (known !== undefined) return known;
  const own = openLocks(cache);
  process.once('exit', own.close);
  locks.set(cache, own);
  return own;
}

function wrongBytes(path: string): Error {
  return refuse('remote-wrong-bytes', `What arrived for ${path} is not what its digest says.`);
}

/** Said before the bytes come, rather than when the disk is full. */
function mayFit(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bytes <= bavail * bsize) return;
  throw Object.assign(new Error(`${bytes} bytes do not fit into ${folder}`), { code: 'ENOSPC' });
}

async function append(path: string, at: number, bytes: Buffer): Promise<void> {
  const file = await open(path, at === 0 ? 'w' : 'r+', 0o644);
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
      done += bytesWritten;
    }
  } finally {
    await file.close();
  }
}

function partOf(cache: string, { digest, form }: ObjectName): string {
  return join(cache, 'incoming', `${hexOf(digest)}${form === 'exec' ? '.x' : ''}.part`);
}

function sizeOf(path: string): number | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? stat.size : null;
}

export const recordWrite: Handler<'record-write'> = async ({ path, text, replace }, _bytes, { root }) => {
  const to = recordIn(root, path);
  if (!replace) return { written: await writeOnce(to, text) };
  writeAtomic(to, text);
  return { written: true };
};
