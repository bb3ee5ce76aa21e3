/** @file The journal of a run: every event, one JSON line each, append-only. Readers never block and never wait. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId } from '../../base/ids.ts';
import { thisProcess } from '../../cache/owner.ts';
import { errnoOf, makeFolder } from '../../cache/publish.ts';
import type { Emit, Event } from '../event.ts';
import type { Graph } from '../pipeline/graph.ts';
import { type Project, prepareHome } from '../project.ts';

export interface Journal {
  readonly run: RunId;
  readonly emit: Emit;
  /** Why the journal is not whole. */
  fault(): string | undefined;
  close(): void;
}

export function runFolder(project: Project, run: RunId): string {
  return join(project.home, 'runs', run);
}

/** Starts a run's folder: who runs it, the frozen plan, and the journal. */
export function openJournal(project: Project, graph: Graph | undefined): Journal {
  prepareHome(project);
  const run = newRunId();
  let fault: string | undefined;
  let file: number | undefined;
  /** A run goes on without its journal; people hear of it once. */
  const trying = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      fault ??= (error as Error).message;
    }
  };
  trying(() => {
    const folder = runFolder(project, run);
    makeFolder(folder);
    writeFileSync(join(folder, 'owner.json'), JSON.stringify(thisProcess()));
    if (graph !== undefined) writeFileSync(join(folder, 'graph.json'), JSON.stringify(graph));
    file = openSync(join(folder, 'events.jsonl'), 'a');
  });
  let pending: string[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  // One write for all events of a turn: a killed engine loses at most the turn it was in.
  function flush(): void {
    scheduled = undefined;
    if (pending.length === 0) return;
    const text = pending.join('');
    pending = [];
    const open = file;
    // Nothing after a gap: readers see a run that broke off, not one that never did what is missing.
    if (open !== undefined && fault === undefined) trying(() => writeSync(open, text));
  }

  return {
    run,
    fault: () => {
      flush();
      return fault;
    },
    emit: (event: Event) => {
      pending.push(`${JSON.stringify(event)}\n`);
      scheduled ??= setImmediate(flush);
    },
    close: () => {
      if (scheduled !== undefined) clearImmediate(scheduled);
      flush();
      if (file !== undefined) closeSync(file);
    },
  };
}

/** `20261122T101500123-1a2b`: sorts by time; the random end tells runs of the same millisecond apart. */
function newRunId(): RunId {
  const time = new Date().toISOString().replace(/[-:.Z]/g, '');
  return `${time}-${randomBytes(2).toString('hex')}` as RunId;
}
