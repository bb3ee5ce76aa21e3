/** @file The cache of another machine as a remote: `cache/remotes/` brings from there, and verifies, what is missing here. */
import { statSync } from 'node:fs';
import type { Digest } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import {
  BrokenOff,
  type Opened,
  type Remote,
  type RemoteFault,
  type Remotely,
} from '../../cache/remotes/remote.ts';
import type { ExecutorFault } from '../executors/contract.ts';
import type { CallOptions, Link, Reply } from './link.ts';
import { CHUNK, sendObject } from './sending.ts';

interface RemoteOptions extends Pick<CallOptions, 'patience' | 'signal'> {
  /** The store of temporary outputs there, in place of the cache. */
  readonly temporary?: boolean | undefined;
}

/** Pieces that are asked for before the first one has come. */
const AHEAD = 4;

/** Requests that wait for each other only on the way: many at a time cost one round trip. */
const AT_ONCE = 32;

export function siteRemote(link: Link, options: RemoteOptions = {}): Remote {
  const placed = (path: string): string => (options.temporary === true ? `temp/${path}` : path);

  function read(path: string, from: number): Promise<Result<Reply<'object-read'>, ExecutorFault>> {
    return link.call('object-read', { path: placed(path), from, most: CHUNK }, { ...options, most: CHUNK });
  }

  async function open(path: string, from: number): Remotely<Opened | undefined> {
    const first = await read(path, from);
    if (!first.ok) return err(remoteFault(first.error));
    const { size, bytes } = first.value;
    if (size === null) return ok(undefined);
    return ok({ size, from, chunks: pieces((at) => read(path, at), bytes, from, size) });
  }

  return {
    shown: link.host,
    atOnce: AT_ONCE,
    size: batched(link, placed, options),
    open,
    putText: async (path, text, replace) => {
      const answer = await link.call('record-write', { path: placed(path), text, replace }, options);
      return answer.ok ? ok(answer.value.written) : err(remoteFault(answer.error));
    },
    putFile: async (path, file, sent) => {
      const parcel = { ...named(path), size: statSync(file).size, from: { file } };
      const done = await sendObject(link, parcel, 0, { ...options, sent });
      return done.ok ? ok(true) : err(remoteFault(done.error));
    },
  };
}

/** Sizes that are asked for in the same turn become one request. */
function batched(
  link: Link,
  placed: (path: string) => string,
  options: RemoteOptions,
): (path: string) => Remotely<number | undefined> {
  type Size = Awaited<Remotely<number | undefined>>;
  let asked: { readonly path: string; readonly tell: (size: Size) => void }[] = [];

  async function ask(): Promise<void> {
    const mine = asked;
    asked = [];
    const answer = await link.call('objects-stored', { paths: mine.map(({ path }) => path) }, options);
    for (const [i, { tell }] of mine.entries()) {
      tell(answer.ok ? ok(answer.value.stored[i]?.size ?? undefined) : err(remoteFault(answer.error)));
    }
  }

  return (path) =>
    new Promise((tell) => {
      if (asked.length === 0) setImmediate(() => void ask());
      asked.push({ path: placed(path), tell });
    });
}

/** Some pieces ahead of whoever takes them. What is asked for is never more than was declared. */
async function* pieces(
  read: (at: number) => Promise<Result<Reply<'object-read'>, ExecutorFault>>,
  first: Uint8Array,
  from: number,
  size: number,
): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  const ahead: { readonly at: number; readonly answer: ReturnType<typeof read> }[] = [];
  let next = from + first.length;
  for (let at = next; at < size; ) {
    while (ahead.length < AHEAD && next < size) {
      ahead.push({ at: next, answer: read(next) });
      next += CHUNK;
    }
    const { at: start, answer } = ahead.shift() as (typeof ahead)[0];
    const told = await answer;
    if (!told.ok) throw new BrokenOff(told.error.message);
    const { bytes } = told.value;
    if (start !== at || bytes.length !== Math.min(CHUNK, size - at)) throw new BrokenOff('it ended early');
    at += bytes.length;
    yield bytes;
  }
}

function named(path: string): { readonly digest: Digest; readonly form: 'file' | 'exec' } {
  const [, first, rest, exec] = /^objects\/([0-9a-f]{2})\/([0-9a-f]{62})(\.x)?$/.exec(path) ?? [];
  if (first === undefined) throw new Error(`Internal error: ${path} is no object`);
  return { digest: `sha256:${first}${rest}` as Digest, form: exec === undefined ? 'file' : 'exec' };
}

const CODES: { readonly [code: string]: RemoteFault['code'] } = {
  'host-unreachable': 'remote-unreachable',
  'auth-refused': 'remote-denied',
  'host-key-unknown': 'remote-denied',
  'remote-disk-full': 'remote-write',
  'remote-not-writable': 'remote-write',
  'remote-io': 'remote-write',
  'remote-wrong-bytes': 'remote-wrong-bytes',
  'remote-answer': 'remote-answer',
};

function remoteFault({ code, message, hint }: ExecutorFault): RemoteFault {
  return { code: CODES[code] ?? 'remote-unreachable', message, hint };
}
