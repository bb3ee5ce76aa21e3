/** @file Small things of a remote, read whole into memory: records and lists of folders. Checked before anybody sees them. */
import { digestBytes } from '../../base/digest.ts';
import type { Digest, Key } from '../../base/ids.ts';
import type { JsonObject } from '../../base/json.ts';
import { err, ok } from '../../base/result.ts';
import { recordIn } from '../action-text.ts';
import type { ActionRecord } from '../actions.ts';
import type { TreeEntry } from '../artifact.ts';
import { keyOfFingerprint } from '../key.ts';
import { storeText } from '../objects.ts';
import { entriesIn } from '../tree.ts';
import { actionAt, objectAt } from './paths.ts';
import { BrokenOff, type Remote, type RemoteFault, type Remotely } from './remote.ts';

/** More than any honest one has. Bytes. */
const MOST_RECORD = 16 << 20;
const MOST_TREE = 256 << 20;

/** The record of a key; undefined when the remote has none. */
export async function fetchRecord(remote: Remote, key: Key): Remotely<ActionRecord | undefined> {
  const bytes = await readWhole(remote, actionAt(key), MOST_RECORD);
  if (!bytes.ok || bytes.value === undefined) return bytes.ok ? ok(undefined) : bytes;
  const record = honestRecord(bytes.value.toString('utf8'), key);
  if (record !== undefined) return ok(record);
  const message = `${remote.shown} has a record for ${key.slice(0, 19)} that is not one of it.`;
  return err({ code: 'remote-wrong-record', message });
}

/** Brings the list of a folder into the cache. False: the remote has none. */
export async function fetchTree(
  cache: string,
  remote: Remote,
  digest: Digest,
): Remotely<readonly TreeEntry[] | undefined> {
  const bytes = await readWhole(remote, objectAt(digest, 'tree'), MOST_TREE);
  if (!bytes.ok || bytes.value === undefined) return bytes.ok ? ok(undefined) : bytes;
  const text = bytes.value.toString('utf8');
  if (digestBytes(bytes.value) !== digest) return err(wrongBytes(remote, digest));
  const entries = entriesIn(text, digest);
  if (entries === undefined) {
    const message = `${remote.shown} has a list of a folder, ${digest.slice(0, 19)}, that leads outside or is malformed.`;
    return err({ code: 'remote-wrong-tree', message });
  }
  storeText(cache, digest, text);
  return ok(entries);
}

export function wrongBytes(remote: Remote, digest: Digest): RemoteFault {
  const message = `${remote.shown} has other bytes under the name ${digest.slice(0, 19)}.`;
  return { code: 'remote-wrong-bytes', message };
}

export function tooLarge(remote: Remote, path: string): RemoteFault {
  return { code: 'remote-too-large', message: `${remote.shown} has more bytes for ${path} than can be.` };
}

export function truncated(remote: Remote, path: string, why: string): RemoteFault {
  return { code: 'remote-truncated', message: `${remote.shown} broke off in ${path}: ${why}.` };
}

async function readWhole(remote: Remote, path: string, most: number): Remotely<Buffer | undefined> {
  const opened = await remote.open(path, 0);
  if (!opened.ok || opened.value === undefined) return opened.ok ? ok(undefined) : opened;
  const { size, chunks } = opened.value;
  if (size > most) return err(tooLarge(remote, path));
  const parts: Uint8Array[] = [];
  let have = 0;
  try {
    for await (const chunk of chunks) {
      have += chunk.length;
      if (have > size) return err(tooLarge(remote, path));
      parts.push(chunk);
    }
  } catch (error) {
    if (!(error instanceof BrokenOff)) throw error;
    return err(truncated(remote, path, error.message));
  }
  return have < size ? err(truncated(remote, path, 'it ended early')) : ok(Buffer.concat(parts));
}

/** A record's key must be that of its own fingerprint: nobody can give it another stage's result. */
function honestRecord(text: string, key: Key): ActionRecord | undefined {
  const record = recordIn(text, key);
  if (record === undefined) return undefined;
  const { fingerprint, outputs, kind } = record;
  if (keyOfFingerprint(fingerprint) !== key || fingerprint['kind'] !== kind) return undefined;
  const declared = Object.keys((fingerprint['out'] ?? {}) as JsonObject);
  const named = Object.keys(outputs);
  return named.length === declared.length && named.every((name) => declared.includes(name))
    ? record
    : undefined;
}
