/**
 * @file Objects of this machine's cache. What arrives gathers under `incoming/`, whoever sends it, and gets an object's
 * name only when its digest is the one that it was sent for.
 */
import { lstatSync, rmSync, statfsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestFileInTurns, hexOf } from '../../../base/digest.ts';
import { objectPath } from '../../../cache/layout.ts';
import { adoptFile, objectState, verifyObject } from '../../../cache/objects.ts';
import { writeAtomic, writeOnce } from '../../../cache/publish.ts';
import { MOST_BYTES } from '../frame.ts';
import type { Answer } from '../requests.ts';
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

/** Writes to one object follow each other, as they came. */
const turns = new Map<string, Promise<unknown>>();

export const objectWrite: Handler<'object-write'> = (ask, bytes, { root }) => {
  const before = turns.get(ask.path) ?? Promise.resolve();
  const mine = before.then(() => take(root, ask, bytes));
  const settled = mine.catch(() => {});
  turns.set(ask.path, settled);
  void settled.then(() => {
    if (turns.get(ask.path) === settled) turns.delete(ask.path);
  });
  return mine;
};

async function take(
  root: string,
  { path, from, size }: { readonly path: string; readonly from: number; readonly size: number },
  bytes: Buffer,
): Promise<Answer<'object-write'>> {
  const name = objectIn(path);
  const cache = join(root, name.store);
  if (verifyObject(cache, name.digest, name.form) === 'good') return { have: size, published: true };
  const part = partOf(cache, name);
  const have = sizeOf(part) ?? 0;
  // Something between is missing: the sender goes on where this ends.
  if (from > have) return { have, published: false };
  if (have > size || from + bytes.length > size) {
    rmSync(part, { force: true });
    throw refuse('remote-wrong-bytes', `More bytes came for ${path} than were declared.`, { passing: true });
  }
  await mkdir(dirname(part), { recursive: true });
  mayFit(cache, size - have);
  // What is there already came from another try, or comes from another engine just now.
  await append(part, have, bytes.subarray(have - from));
  const now = Math.max(have, from + bytes.length);
  if (now < size) return { have: now, published: false };
  if ((await digestFileInTurns(part)) !== name.digest) {
    rmSync(part, { force: true });
    const message = `What arrived for ${path} has another digest.`;
    throw refuse('remote-wrong-bytes', message, { passing: true });
  }
  await adoptFile(cache, part, name.digest, name.form);
  return { have: size, published: true };
}

/** Said before the bytes come, rather than when the disk is full. */
function mayFit(cache: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(cache);
  if (bytes <= bavail * bsize) return;
  throw Object.assign(new Error(`${bytes} bytes do not fit into ${cache}`), { code: 'ENOSPC' });
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
