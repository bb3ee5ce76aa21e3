/** @file Runs as their journals tell them. Only reads; never waits for a run. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile } from '../../base/digest.ts';
import type { Digest, RunId } from '../../base/ids.ts';
import { isAlive, type Owner } from '../../cache/owner.ts';
import type { EventOf } from '../event.ts';
import { findProject, type Project } from '../project.ts';
import { Tally } from '../report/tally.ts';
import { runFolder } from '../run/journal.ts';
import { parseEvent } from './journal-line.ts';
import { JournalReader } from './journal-reader.ts';

export interface PastRun {
  readonly id: RunId;
  readonly tally: Tally;
  /** False when the run has no end and the process that made it is gone. */
  readonly alive: boolean;
  /** Lines of the journal that this version cannot read. */
  readonly unread: number;
}

/** The project that the call stands in. */
export function projectHere(cwd: string): Project {
  return findProject(join(cwd, 'pipeline.yaml'));
}

const RUN_ID = /^\d{8}T\d{9}-[0-9a-f]{4}$/;

/** Newest first: ids sort by time. */
export function runIds(project: Project): RunId[] {
  try {
    const names = readdirSync(join(project.home, 'runs')).filter((name) => RUN_ID.test(name));
    return names.sort().reverse() as RunId[];
  } catch {
    return [];
  }
}

export function readRun(project: Project, id: RunId): PastRun {
  const alive = runAlive(project, id);
  const tally = new Tally();
  const journal = journalOf(project, id);
  for (const event of journal.next()) tally.add(event);
  return { id, tally, alive: tally.ended === undefined && alive, unread: journal.unread };
}

/** The first event of a run, without reading the rest. */
export function startOf(project: Project, id: RunId): EventOf<'run-started'> | undefined {
  const first = parseEvent(firstLine(join(runFolder(project, id), 'events.jsonl')));
  return first?.type === 'run-started' ? first : undefined;
}

export function journalOf(project: Project, id: RunId): JournalReader {
  return new JournalReader(join(runFolder(project, id), 'events.jsonl'));
}

/** On another host nobody can know: then what the journal says last is believed. */
export function runAlive(project: Project, id: RunId): boolean {
  try {
    const owner = JSON.parse(readFileSync(join(runFolder(project, id), 'owner.json'), 'utf8')) as Owner;
    return isAlive(owner) !== false;
  } catch {
    return false;
  }
}

/** The pipeline's files that are no longer what the run was planned from. */
export function editedFiles({ started }: Tally): string[] {
  return Object.entries(started?.files ?? {})
    .filter(([path, digest]) => digestNow(path) !== digest)
    .map(([path]) => path);
}

/** Undefined for a file that is gone. */
function digestNow(path: string): Digest | undefined {
  try {
    return digestFile(path);
  } catch {
    return undefined;
  }
}

const CHUNK = 1 << 14;

function firstLine(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const chunks: Buffer[] = [];
      for (;;) {
        const chunk = Buffer.alloc(CHUNK);
        const read = readSync(file, chunk, 0, CHUNK, null);
        const end = chunk.indexOf(0x0a);
        chunks.push(chunk.subarray(0, end === -1 || end > read ? read : end));
        if (read === 0 || (end !== -1 && end < read)) return Buffer.concat(chunks).toString('utf8');
      }
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}
