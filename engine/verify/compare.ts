/** @file Compares an output on disk with the recorded one in the cache: files, then what is in them. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import type { Artifact, TreeEntry } from '../../cache/artifact.ts';
import { objectPath } from '../../cache/layout.ts';
import { objectState } from '../../cache/objects.ts';
import { readTree } from '../../cache/tree.ts';
import { type Difference, type Found, NOTHING } from './difference.ts';
import { compareJson, compareRows } from './fields.ts';

export interface Made {
  readonly artifact: Artifact;
  readonly path: string;
  /** Members of a folder, as a tree object would list them. */
  readonly entries: readonly TreeEntry[];
}

/** Empty for equal digests. `suffix` tells what is in a file that has no name of its own. */
export async function compareOutput(
  cache: string,
  before: Artifact,
  made: Made,
  suffix: string,
  tolerance: number,
): Promise<Found> {
  const { artifact: after, path } = made;
  if (before.digest === after.digest && before.form === after.form) return NOTHING;
  if ((before.form === 'tree') !== (after.form === 'tree'))
    return only([{ member: '', kind: 'form', before: before.form, after: after.form }]);
  if (before.form === 'tree') return compareFolders(cache, before.digest, made, tolerance);
  const form: Difference[] =
    before.form === after.form ? [] : [{ member: '', kind: 'form', before: before.form, after: after.form }];
  if (before.digest === after.digest) return only(form);
  const found = await compareFiles(
    cache,
    { digest: before.digest, form: before.form },
    path,
    '',
    suffix,
    tolerance,
  );
  return sum([only(form), found]);
}

async function compareFolders(cache: string, before: Digest, made: Made, tolerance: number): Promise<Found> {
  const recorded = readTree(cache, before);
  if (recorded === undefined) return only([{ member: '', kind: 'lost' }]);
  const old = new Map(recorded.map((entry) => [entry[0], entry]));
  const now = new Map(made.entries.map((entry) => [entry[0], entry]));
  const founds: Found[] = [];
  for (const [member, entry] of old) {
    const other = now.get(member);
    if (other === undefined) founds.push(only([{ member, kind: 'missing' }]));
    else if (entry[1] !== other[1])
      founds.push(only([{ member, kind: 'form', before: entry[1], after: other[1] }]));
    else if (entry[2] === other[2]) continue;
    else if (entry[1] === 'file' || entry[1] === 'exec') {
      founds.push(
        await compareFiles(
          cache,
          { digest: entry[2], form: entry[1] },
          join(made.path, member),
          member,
          member,
          tolerance,
        ),
      );
    } else
      founds.push(
        only([{ member, kind: 'bytes', before: entry[2]?.length ?? 0, after: other[2]?.length ?? 0, at: 0 }]),
      );
  }
  for (const member of now.keys()) if (!old.has(member)) founds.push(only([{ member, kind: 'added' }]));
  return sum(founds);
}

/** Files whose text is compared as JSON up to this size; larger ones byte by byte. */
const LARGEST_TEXT = 1 << 28;

async function compareFiles(
  cache: string,
  { digest, form }: { readonly digest: Digest; readonly form: 'file' | 'exec' },
  path: string,
  member: string,
  name: string,
  tolerance: number,
): Promise<Found> {
  if (objectState(cache, digest, form) !== 'good') return only([{ member, kind: 'lost' }]);
  const object = objectPath(cache, digest, form);
  const inside = await lookInside(object, path, member, name, tolerance);
  // What reads the same may still be other bytes: white space, the order of keys, an exponent.
  const found =
    inside !== undefined && (inside.differences.length > 0 || inside.within > 0) ? inside : undefined;
  return found ?? only([{ member, kind: 'bytes', ...firstDifference(object, path) }]);
}

async function lookInside(
  object: string,
  path: string,
  member: string,
  name: string,
  tolerance: number,
): Promise<Found | undefined> {
  if (name.endsWith('.safetensors')) {
    const { compareTensors } = await import('./tensors.ts');
    return compareTensors(member, object, path, tolerance);
  }
  if (!/\.jsonl?$/.test(name) || statSync(object).size + statSync(path).size > LARGEST_TEXT) return undefined;
  const [before, after] = [readFileSync(object, 'utf8'), readFileSync(path, 'utf8')];
  if (name.endsWith('.jsonl')) return compareRows(member, before, after, tolerance);
  try {
    return compareJson(member, JSON.parse(before) as Json, JSON.parse(after) as Json, tolerance);
  } catch {
    return undefined;
  }
}

const CHUNK = 1 << 20;

function firstDifference(one: string, other: string): { before: number; after: number; at: number } {
  const sizes = { before: statSync(one).size, after: statSync(other).size };
  const files = [openSync(one, 'r'), openSync(other, 'r')] as const;
  try {
    const [a, b] = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)];
    for (let at = 0; ; at += CHUNK) {
      const length = Math.min(readSync(files[0], a, 0, CHUNK, at), readSync(files[1], b, 0, CHUNK, at));
      for (let i = 0; i < length; i++) if (a[i] !== b[i]) return { ...sizes, at: at + i };
      if (length < CHUNK) return { ...sizes, at: at + length };
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}

function only(differences: readonly Difference[]): Found {
  return { differences, more: 0, within: 0 };
}

function sum(founds: readonly Found[]): Found {
  return {
    differences: founds.flatMap(({ differences }) => differences),
    more: founds.reduce((total, { more }) => total + more, 0),
    within: founds.reduce((total, { within }) => total + within, 0),
  };
}
