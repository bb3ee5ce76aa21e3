/** @file Objects to another machine: only what it lacks, going on where an earlier transfer was cut. */
import { type FileHandle, open } from 'node:fs/promises';
import type { Digest } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { inParallel } from '../../cache/remotes/limit.ts';
import { objectAt } from '../../cache/remotes/paths.ts';
import type { ExecutorFault } from '../executors/contract.ts';
import type { CallOptions, Link } from './link.ts';

/** An object as it lies here. */
export interface Parcel {
  readonly digest: Digest;
  readonly form: 'file' | 'exec';
  /** Bytes. */
  readonly size: number;
  readonly from: { readonly file: string } | { readonly text: string };
}

export interface Sent {
  readonly objects: number;
  readonly bytes: number;
}

export interface SendOptions extends Pick<CallOptions, 'patience' | 'signal'> {
  /** The store of temporary outputs there, in place of the cache. */
  readonly temporary?: boolean | undefined;
  /** Hears of bytes that are safe on the other side. */
  readonly sent?: ((bytes: number) => void) | undefined;
}

/** A parcel that did not get there, and why. `remote-wrong-bytes`: it is not what its digest says. */
export interface SendFault {
  readonly parcel: Parcel | undefined;
  readonly fault: ExecutorFault;
}

/** Objects that are asked for in one request. */
const ASKED = 4096;
/** Bytes of an object in one request. */
export const CHUNK: number = 256 * 1024;
/** Objects on their way at a time: small ones hide each other's round trips, large ones fill the line by themselves. */
const SMALL_AT_ONCE = 64;
const LARGE_AT_ONCE = 4;
/** Requests of one object on their way at a time. */
const AHEAD = 8;
/** How often an object is begun again: what a cut transfer left may be wrong, or gone by now. */
const TRIES = 3;

/** Sends each object that is not there, each once. Stops at the first fault: what is there by then is not sent again. */
export async function sendObjects(
  link: Link,
  parcels: readonly Parcel[],
  options: SendOptions = {},
): Promise<Result<Sent, SendFault>> {
  const wanted = new Map(parcels.map((parcel) => [pathOf(parcel, options), parcel]));
  const lacked = await lackedThere(link, [...wanted.keys()], options);
  if (!lacked.ok) return err({ parcel: undefined, fault: lacked.error });
  let failed: SendFault | undefined;
  let objects = 0;
  let bytes = 0;
  const send = async ({ path, part }: Lacked): Promise<void> => {
    if (failed !== undefined) return;
    const parcel = wanted.get(path) as Parcel;
    const done = await sendObject(link, parcel, part, options);
    if (!done.ok) failed ??= { parcel, fault: done.error };
    else {
      objects += 1;
      bytes += done.value;
    }
  };
  const isSmall = ({ path }: Lacked): boolean => (wanted.get(path) as Parcel).size <= CHUNK;
  await inParallel(lacked.value.filter(isSmall), SMALL_AT_ONCE, send);
  await inParallel(
    lacked.value.filter((one) => !isSmall(one)),
    LARGE_AT_ONCE,
    send,
  );
  return failed === undefined ? ok({ objects, bytes }) : err(failed);
}

interface Lacked {
  readonly path: string;
  /** Bytes that are there of an earlier transfer. */
  readonly part: number;
}

/** A few requests, whatever the number of objects. */
async function lackedThere(
  link: Link,
  paths: readonly string[],
  options: SendOptions,
): Promise<Result<Lacked[], ExecutorFault>> {
  const lacked: Lacked[] = [];
  for (let at = 0; at < paths.length; at += ASKED) {
    const some = paths.slice(at, at + ASKED);
    const answer = await link.call('objects-stored', { paths: some }, options);
    if (!answer.ok) return answer;
    for (const [i, path] of some.entries()) {
      const there = answer.value.stored[i];
      if (there === undefined || there.size === null) lacked.push({ path, part: there?.part ?? 0 });
    }
  }
  return ok(lacked);
}

/** Answers how many bytes went. */
export async function sendObject(
  link: Link,
  parcel: Parcel,
  part: number,
  options: SendOptions = {},
): Promise<Result<number, ExecutorFault>> {
  let bytes = 0;
  for (let left = TRIES, have = part; ; left--) {
    const opened = await reading(parcel);
    if (!opened.ok) return opened;
    const done = await stream(link, parcel, Math.min(have, parcel.size), opened.value, options);
    await opened.value.close();
    bytes += done.bytes;
    if (done.end === 'published') return ok(bytes);
    if (done.end !== 'elsewhere' && (done.end.code !== 'remote-wrong-bytes' || left <= 1))
      return err(done.end);
    if (left <= 1) return err(notTaken(link));
    have = done.end === 'elsewhere' ? done.have : 0;
  }
}

interface Streamed {
  readonly bytes: number;
  /** `elsewhere`: what is there ends before these bytes begin. */
  readonly end: 'published' | 'elsewhere' | ExecutorFault;
  readonly have: number;
}

/** Requests go out in their order, some ahead of their answers. */
async function stream(
  link: Link,
  parcel: Parcel,
  from: number,
  source: Source,
  options: SendOptions,
): Promise<Streamed> {
  const { size } = parcel;
  const path = pathOf(parcel, options);
  const going: Promise<void>[] = [];
  let end: Streamed['end'] | undefined;
  let have = 0;
  let bytes = 0;
  let at = from;
  do {
    const chunk = await source.read(at, Math.min(CHUNK, size - at));
    const start = at;
    const answer = link.call('object-write', { path, from: start, size }, { ...options, bytes: chunk });
    bytes += chunk.length;
    at += chunk.length;
    // A file that got shorter is not the object any more: its end never comes.
    if (chunk.length === 0 && at < size) end ??= shorter(parcel);
    going.push(
      answer.then((told) => {
        if (!told.ok) end ??= told.error;
        else if (told.value.published) end ??= 'published';
        else if (told.value.have < start + chunk.length) {
          end ??= 'elsewhere';
          have = told.value.have;
        } else options.sent?.(chunk.length);
      }),
    );
    if (going.length >= AHEAD) await going.shift();
  } while (at < size && end === undefined);
  await Promise.all(going);
  return { bytes, end: end ?? notTaken(link), have };
}

interface Source {
  read(at: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

async function reading({ from }: Parcel): Promise<Result<Source, ExecutorFault>> {
  if ('text' in from) {
    const bytes = Buffer.from(from.text);
    return ok({
      read: (at, length) => Promise.resolve(bytes.subarray(at, at + length)),
      close: () => Promise.resolve(),
    });
  }
  let file: FileHandle;
  try {
    file = await open(from.file, 'r');
  } catch (error) {
    return err({
      code: 'object-gone',
      message: `A file to send is gone: ${(error as Error).message}.`,
      passing: false,
    });
  }
  return ok({
    read: async (at, length) => {
      const buffer = Buffer.allocUnsafe(length);
      let got = 0;
      while (got < length) {
        const { bytesRead } = await file.read(buffer, got, length - got, at + got);
        if (bytesRead === 0) break;
        got += bytesRead;
      }
      return buffer.subarray(0, got);
    },
    close: () => file.close(),
  });
}

function pathOf({ digest, form }: Parcel, { temporary }: SendOptions): string {
  return `${temporary === true ? 'temp/' : ''}${objectAt(digest, form)}`;
}

function shorter({ from }: Parcel): ExecutorFault {
  const name = 'file' in from ? from.file : 'A text';
  return { code: 'remote-wrong-bytes', message: `${name} is shorter than it was.`, passing: false };
}

function notTaken(link: Link): ExecutorFault {
  return { code: 'remote-answer', message: `${link.host} did not take an object in.`, passing: true };
}
