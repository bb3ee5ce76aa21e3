/** @file Actions: key -> what the stage produced. Written last, so that a record means that everything it names was stored. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../base/digest.ts';
import type { Digest, Key, RunId } from '../base/ids.ts';
import type { Json, JsonObject } from '../base/json.ts';
import { recordIn, recordText } from './action-text.ts';
import type { Artifact } from './artifact.ts';
import { actionPath } from './layout.ts';
import { writeAtomic, writeOnce } from './publish.ts';

export interface ActionRecord {
  readonly schema: 'warren/action/1';
  readonly key: Key;
  /** The whole pre-image of the key: what `why` compares. */
  readonly fingerprint: JsonObject;
  readonly outputs: { readonly [name: string]: Artifact };
  /** Names of outputs whose bytes were not to stay; they lie in the store for temporary ones or in the project, or are gone. */
  readonly temporary?: readonly string[] | undefined;
  readonly kind: string;
  readonly run: RunId;
  readonly seconds: number;
  /** Where it was made: other machines may give other bytes for numeric kinds. */
  readonly machine: { readonly platform: string; readonly arch: string; readonly cpu: string };
  /** Notes for people and reports, shown again when the result is used again. */
  readonly notes: readonly string[];
  readonly reports: readonly string[];
  /** Set when nothing ran for this key: a person said that an earlier result is the same on purpose. */
  readonly accepted?: Accepted | undefined;
}

/** The result that was accepted: its key, and the run that made it. */
export interface Accepted {
  readonly from: Key;
  readonly run: RunId;
}

/** Undefined for no record, and for one that is torn, changed or stands under another key's name. */
export function readAction(cache: string, key: Key): ActionRecord | undefined {
  let text: string;
  try {
    text = readFileSync(actionPath(cache, key), 'utf8');
  } catch {
    return undefined;
  }
  return recordIn(text, key);
}

/** Publishes a record and gives the one that stands: the first for a key stays unless it is to be replaced. */
export async function publishAction(
  cache: string,
  record: ActionRecord,
  replace: boolean,
): Promise<ActionRecord> {
  // The index line goes first: a record without a line would let the plan say "run" of what is a hit.
  appendOwn(cache, ownDigest(record.fingerprint));
  const path = actionPath(cache, record.key);
  const text = recordText(record);
  if (!replace && (await writeOnce(path, text))) return record;
  const first = replace ? undefined : readAction(cache, record.key);
  if (first !== undefined) return first;
  writeAtomic(path, text);
  return record;
}

/** Digest of a fingerprint without its inputs: what is known of a stage before its upstream has run. */
export function ownDigest(fingerprint: JsonObject): Digest {
  const { in: _, ...own } = fingerprint;
  return digestOf('warren/own/1', own as Json);
}

/** The own digests of all actions, by an append-only index beside them. */
export function readOwns(cache: string): ReadonlySet<string> {
  try {
    return new Set(readFileSync(ownsPath(cache), 'utf8').split('\n'));
  } catch {
    return new Set();
  }
}

function appendOwn(cache: string, own: Digest): void {
  mkdirSync(join(cache, 'actions'), { recursive: true });
  appendFileSync(ownsPath(cache), `${own}\n`);
}

function ownsPath(cache: string): string {
  return join(cache, 'actions', 'own.index');
}
