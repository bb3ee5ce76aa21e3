/** @file Runs as their journals tell them. Only reads; never waits for a run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { RunId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { isAlive, type Owner } from '../../cache/owner.ts';
import { findProject, type Project } from '../project.ts';
import { Tally } from '../report/tally.ts';
import { runFolder } from '../run/journal.ts';
import { JournalReader } from './journal-reader.ts';

export interface PastRun {
  readonly id: RunId;
  readonly tally: Tally;
  /** False when the run has no end and the process that made it is gone. */
  readonly alive: boolean;
}

/** The project that the call stands in. */
export function projectHere(cwd: string): Project {
  return findProject(join(cwd, 'pipeline.yaml'));
}

/** Newest first: ids sort by time. */
export function runIds(project: Project): RunId[] {
  try {
    return readdirSync(join(project.home, 'runs')).sort().reverse() as RunId[];
  } catch {
    return [];
  }
}

/** The run with this id, or an unambiguous start of it; without one the latest. */
export function findRun(project: Project, id: string | undefined): Result<PastRun, Diagnostic> {
  const all = runIds(project);
  const matching = id === undefined ? all.slice(0, 1) : all.filter((each) => each.startsWith(id));
  const [first, second] = matching;
  if (first === undefined) {
    const message = id === undefined ? 'This project has no run yet.' : `There is no run ${id}.`;
    const hint =
      id === undefined
        ? 'start one: warren run FILE, or name its folder with --cwd'
        : `the latest is ${all[0] ?? 'not there either'}`;
    return err({ code: 'no-run', severity: 'error', message, hint });
  }
  if (second !== undefined && first !== id) {
    const hint = `write more of one of: ${matching.slice(0, 5).join(', ')}`;
    return err({
      code: 'ambiguous-run',
      severity: 'error',
      message: `${matching.length} runs begin with ${id}.`,
      hint,
    });
  }
  return ok(readRun(project, first));
}

export function readRun(project: Project, id: RunId): PastRun {
  const alive = runAlive(project, id);
  const tally = new Tally();
  for (const event of journalOf(project, id).next()) tally.add(event);
  return { id, tally, alive: tally.ended === undefined && alive };
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
