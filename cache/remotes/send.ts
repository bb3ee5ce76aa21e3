/** @file Sends results to a remote. Objects first, records last: a record there means that its objects are there. */
import { readFileSync, statSync } from 'node:fs';
import { digestFileInTurns } from '../../base/digest.ts';
import { err, ok } from '../../base/result.ts';
import type { ActionRecord } from '../actions.ts';
import type { Artifact } from '../artifact.ts';
import { actionPath, objectPath } from '../layout.ts';
import { objectState, quarantine } from '../objects.ts';
import { keptOutputs } from '../records.ts';
import { readTree } from '../tree.ts';
import { AT_ONCE } from './fetch.ts';
import { inParallel } from './limit.ts';
import { actionAt, objectAt } from './paths.ts';
import { fetchRecord } from './reading.ts';
import type { Remote, RemoteFault, Remotely } from './remote.ts';

/**
 * Files on their way at a time, by size in bytes: what is sent is held in memory, and a large file's parts fill the line
 * by themselves.
 */
const WAVES = [
  { below: 1 << 20, atOnce: AT_ONCE },
  { below: 16 << 20, atOnce: 4 },
  { below: Number.POSITIVE_INFINITY, atOnce: 1 },
] as const;

export interface Sending {
  readonly cache: string;
  readonly remote: Remote;
  /** Replace records that are there, and their objects with them. */
  readonly force: boolean;
}

/** What has to go, before anything goes. */
export interface Shipment {
  /** Records that the remote lacks, or has in another form and is to have replaced. */
  readonly records: readonly ActionRecord[];
  readonly objects: readonly SentObject[];
  /** Records for which the remote has other outputs, and keeps them. */
  readonly kept: readonly ActionRecord[];
  /** Records whose bytes are not all here. */
  readonly partial: readonly ActionRecord[];
}

interface SentObject extends Artifact {
  readonly size: number;
}

/**
 * Compares with the remote: one request a record, and one for each object of those that it lacks. `others` go without
 * a record, as far as their bytes are here.
 */
export async function prepare(
  sending: Sending,
  records: readonly ActionRecord[],
  others: readonly Artifact[],
): Remotely<Shipment> {
  const { cache, remote, force } = sending;
  const lacking: ActionRecord[] = [];
  const kept: ActionRecord[] = [];
  const partial: ActionRecord[] = [];
  const objects = new Map<string, SentObject>();
  let failed: RemoteFault | undefined;
  await inParallel(records, AT_ONCE, async (record) => {
    if (failed !== undefined) return;
    const there = await fetchRecord(remote, record.key);
    // A record that is none can only be replaced on purpose: it may be somebody's evidence.
    if (!there.ok && !(force && there.error.code === 'remote-wrong-record')) failed ??= there.error;
    else if (there.ok && there.value !== undefined && !force) {
      if (!isSame(there.value.outputs, record.outputs)) kept.push(record);
    } else lacking.push(record);
  });
  if (failed !== undefined) return err(failed);
  const whole = lacking.filter((record) => {
    const own = objectsOf(cache, keptOutputs(record));
    if (own === undefined) partial.push(record);
    for (const object of own ?? []) objects.set(objectAt(object.digest, object.form), object);
    return own !== undefined;
  });
  for (const object of objectsOf(cache, others) ?? [])
    objects.set(objectAt(object.digest, object.form), object);
  const missing = force ? ok([...objects.values()]) : await lackedBy(remote, [...objects.values()]);
  return missing.ok ? ok({ records: whole, objects: missing.value, kept, partial }) : missing;
}

/** An object of another size there is a wrong one, whatever its name says. */
async function lackedBy(remote: Remote, objects: readonly SentObject[]): Remotely<SentObject[]> {
  let failed: RemoteFault | undefined;
  const lacked = await inParallel(objects, remote.atOnce ?? AT_ONCE, async (object) => {
    if (failed !== undefined) return [];
    const size = await remote.size(objectAt(object.digest, object.form));
    if (!size.ok) failed ??= size.error;
    return size.ok && size.value !== object.size ? [object] : [];
  });
  return failed === undefined ? ok(lacked.flat()) : err(failed);
}

/** Sends what was prepared. Stops at the first fault: what is there by then is not sent again. */
export async function ship(
  sending: Sending,
  { records, objects }: Shipment,
  progress: (objects: number, bytes: number) => void,
): Remotely<undefined> {
  const { cache, remote, force } = sending;
  let failed: RemoteFault | undefined;
  let done = 0;
  const send = async (object: SentObject): Promise<void> => {
    if (failed !== undefined) return;
    const sent = await sendObject(sending, object, (bytes) => progress(done, bytes));
    if (!sent.ok) failed ??= sent.error;
    done += 1;
    progress(done, 0);
  };
  let from = 0;
  for (const { below, atOnce } of WAVES) {
    const least = from;
    await inParallel(
      objects.filter(({ size }) => size >= least && size < below),
      atOnce,
      send,
    );
    from = below;
  }
  if (failed !== undefined) return err(failed);
  await inParallel(records, AT_ONCE, async ({ key }) => {
    if (failed !== undefined) return;
    const put = await remote.putText(actionAt(key), readFileSync(actionPath(cache, key), 'utf8'), force);
    if (!put.ok) failed ??= put.error;
  });
  return failed === undefined ? ok(undefined) : err(failed);
}

async function sendObject(
  { cache, remote }: Sending,
  { digest, form }: SentObject,
  sent: (bytes: number) => void,
): Remotely<boolean> {
  const file = objectPath(cache, digest, form);
  if ((await digestFileInTurns(file)) !== digest) {
    quarantine(cache, digest, form);
    const message = `The object ${digest.slice(0, 19)} of the cache was corrupt and is set aside.`;
    return err({ code: 'cache-corrupt', message, hint: 'run the pipeline: its stage makes it again' });
  }
  // What has the name and another size there was no whole object: it is replaced, too.
  return remote.putFile(objectAt(digest, form), file, sent);
}

/** Everything that artifacts consist of; undefined if not all of it is here. */
function objectsOf(cache: string, artifacts: readonly Artifact[]): SentObject[] | undefined {
  const objects: Artifact[] = [];
  for (const artifact of artifacts) {
    objects.push(artifact);
    if (artifact.form !== 'tree') continue;
    const entries = readTree(cache, artifact.digest);
    if (entries === undefined) return undefined;
    for (const [, form, digest] of entries) {
      if (form === 'file' || form === 'exec') objects.push({ form, digest });
    }
  }
  if (!objects.every(({ digest, form }) => objectState(cache, digest, form) === 'good')) return undefined;
  return objects.map((object) => {
    return { ...object, size: statSync(objectPath(cache, object.digest, object.form)).size };
  });
}

function isSame(a: ActionRecord['outputs'], b: ActionRecord['outputs']): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => a[name]?.digest === b[name]?.digest && a[name]?.form === b[name]?.form)
  );
}
