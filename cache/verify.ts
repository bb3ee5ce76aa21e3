/** @file `cache verify`: reads every byte again, which finds what no time tells. */
import { chmodSync, lstatSync, rmSync, type Stats } from 'node:fs';
import { basename, dirname } from 'node:path';
import { digestFileInTurns } from '../base/digest.ts';
import type { Digest, Key } from '../base/ids.ts';
import type { Artifact } from './artifact.ts';
import { seeObjects } from './gc/objects.ts';
import { isDigest, objectPath } from './layout.ts';
import { type Called, namesOf } from './names.ts';
import { isPristine, quarantine, verifyObject } from './objects.ts';
import { errnoOf } from './publish.ts';
import { keptOutputs, objectsOf, readRecords } from './records.ts';
import { readRoots } from './roots.ts';
import { readTree } from './tree.ts';

/** A result that is not whole; its stage runs again when it is needed. */
export interface Needing extends Called {
  readonly key: Key;
  readonly kind: string;
}

export interface BadObject {
  /** `corrupt`: not the bytes that its name says. `missing`: named and not there. `bad-list`: the list of a folder that lists what cannot be in one. */
  readonly fault: 'corrupt' | 'missing' | 'bad-list';
  readonly digest: Digest;
  readonly form: 'file' | 'exec';
  readonly needed: readonly Needing[];
  /** It is whole again. */
  readonly fetched: boolean;
}

export interface Verified {
  readonly objects: number;
  readonly bytes: number;
  readonly records: number;
  readonly bad: readonly BadObject[];
  /** Paths of files among the records that are none, and among the objects that no object is called. */
  readonly badRecords: readonly string[];
  readonly strangers: readonly string[];
}

export interface VerifyOptions {
  /** Removes what is bad in place of setting it aside. */
  readonly repair: boolean;
  /** Brings an object back from elsewhere, checked; false where nobody has it. */
  readonly fetch?: ((digest: Digest, form: Artifact['form']) => Promise<boolean>) | undefined;
}

/** Hashes every object. What is corrupt is moved out of the cache, so that nobody can use it. */
export async function verifyCache(cache: string, { repair, fetch }: VerifyOptions): Promise<Verified> {
  const { objects } = seeObjects(cache);
  const records = readRecords(cache);
  const called = namesOf(readRoots(cache));
  const needs = new Map<string, Needing[]>();
  for (const { record } of records.good) {
    const { key, kind } = record;
    for (const artifact of keptOutputs(record)) {
      for (const path of objectsOf(cache, artifact)) {
        needs.set(path, [...(needs.get(path) ?? []), { key, kind, ...called(key) }]);
      }
    }
  }
  const faults = new Map<string, BadObject['fault']>();
  const strangers: string[] = [];
  let count = 0;
  let bytes = 0;
  for (const [path, { size }] of objects) {
    const named = nameOf(path);
    if (named === undefined) {
      strangers.push(path);
      continue;
    }
    const state = await hashAgain(cache, path, named);
    if (state === 'corrupt') {
      const aside = quarantine(cache, named.digest, named.form);
      if (repair && aside !== undefined) rmSync(aside, { recursive: true, force: true });
    }
    if (state === 'good') {
      count += 1;
      bytes += size;
    } else faults.set(path, state);
  }
  for (const path of needs.keys()) if (!objects.has(path) && !isThere(path)) faults.set(path, 'missing');
  for (const { record } of records.good) {
    for (const { form, digest } of keptOutputs(record)) {
      const path = objectPath(cache, digest, form);
      if (form === 'tree' && !faults.has(path) && readTree(cache, digest) === undefined) {
        faults.set(path, 'bad-list');
      }
    }
  }
  const bad: BadObject[] = [];
  for (const [path, fault] of faults) {
    const { digest, form } = nameOf(path) as Named;
    const fetched = repair && fault !== 'bad-list' && fetch !== undefined && (await fetch(digest, form));
    bad.push({ fault, digest, form, needed: needs.get(path) ?? [], fetched });
  }
  if (repair) for (const path of records.bad) rmSync(path, { recursive: true, force: true });
  return { objects: count, bytes, records: records.good.length, bad, badRecords: records.bad, strangers };
}

interface Named {
  readonly digest: Digest;
  readonly form: 'file' | 'exec';
}

function nameOf(path: string): Named | undefined {
  const name = basename(path);
  const form = name.endsWith('.x') ? 'exec' : 'file';
  const digest = `sha256:${basename(dirname(path))}${form === 'exec' ? name.slice(0, -2) : name}`;
  return isDigest(digest) ? { digest, form } : undefined;
}

/** Whole bytes also get back the times and modes that they lost. */
async function hashAgain(
  cache: string,
  path: string,
  { digest, form }: Named,
): Promise<'good' | 'corrupt' | 'missing'> {
  try {
    const stat = lstatSync(path);
    // Never opened: a FIFO in an object's place would wait for ever.
    if (!stat.isFile() || (await digestFileInTurns(path)) !== digest) return 'corrupt';
    mendMode(path, stat, form);
    if (!isPristine(cache, digest, form)) verifyObject(cache, digest, form);
    return 'good';
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return errnoOf(error) === 'ENOENT' ? 'missing' : 'corrupt';
  }
}

function mendMode(path: string, { mode }: Stats, form: Named['form']): void {
  const right = form === 'exec' ? 0o555 : 0o444;
  if ((mode & 0o777) === right) return;
  try {
    chmodSync(path, right);
  } catch {}
}

/** Published since the objects were listed. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
