/** @file An independent look at a cache: every record's outputs whole, every object what its name says. Shares no code with it. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Named {
  readonly form: 'file' | 'exec' | 'tree';
  readonly digest: string;
}

interface Recorded {
  readonly key?: string;
  readonly outputs?: Readonly<Record<string, Named>>;
}

/** What is wrong, one sentence each. `known` remembers objects that were read before, by place and times. */
export function auditCache(cache: string, known: Set<string>): string[] {
  const faults: string[] = [];
  for (const prefix of list(join(cache, 'actions'))) {
    for (const name of list(join(cache, 'actions', prefix))) {
      if (!name.endsWith('.json')) continue;
      const path = join(cache, 'actions', prefix, name);
      // The record is the first line; what follows is its own check.
      const record = parse(readFileSync(path, 'utf8').split('\n')[0] ?? '') as Recorded | undefined;
      if (record?.outputs === undefined) faults.push(`${path} is no record`);
      else if (record.key !== `sha256:${prefix}${name.slice(0, -5)}`) faults.push(`${path} has another key`);
      else for (const output of Object.values(record.outputs)) faults.push(...look(cache, output, known));
    }
  }
  return faults;
}

function look(cache: string, { form, digest }: Named, known: Set<string>): string[] {
  const hex = digest.replace('sha256:', '');
  const path = join(cache, 'objects', hex.slice(0, 2), `${hex.slice(2)}${form === 'exec' ? '.x' : ''}`);
  if (!existsSync(path)) return [`${path} is missing`];
  const { ino, size, mtimeMs, ctimeMs } = lstatSync(path);
  const mark = `${path} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  if (!known.has(mark)) {
    const bytes = readFileSync(path);
    if (createHash('sha256').update(bytes).digest('hex') !== hex) return [`${path} has other bytes`];
    known.add(mark);
  }
  if (form !== 'tree') return [];
  const text = readFileSync(path, 'utf8');
  const entries = parse(text.slice(text.indexOf('\n') + 1)) as [string, string, string][];
  return entries.flatMap(([, kind, member]) =>
    kind === 'file' || kind === 'exec' ? look(cache, { form: kind, digest: member }, known) : [],
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  return existsSync(folder) && lstatSync(folder).isDirectory() ? readdirSync(folder) : [];
}
