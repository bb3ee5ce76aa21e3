/** @file The journal of a run: every event, one JSON line each, append-only. Readers never block and never wait. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId } from '../../base/ids.ts';
import { thisProcess } from '../../cache/owner.ts';
import type { Emit, Event } from '../event.ts';
import type { Graph } from '../pipeline/graph.ts';
import { type Project, prepareHome } from '../project.ts';

export interface Journal {
  readonly run: RunId;
  readonly emit: Emit;
  close(): void;
}

export function runFolder(project: Project, run: RunId): string {
  return join(project.home, 'runs', run);
}

/** Starts a run's folder: who runs it, the frozen plan, and the journal. */
export function openJournal(project: Project, graph: Graph | undefined): Journal {
  prepareHome(project);
  const run = newRunId();
  const folder = runFolder(project, run);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'owner.json'), JSON.stringify(thisProcess()));
  if (graph !== undefined) writeFileSync(join(folder, 'graph.json'), JSON.stringify(graph));
  const file = openSync(join(folder, 'events.jsonl'), 'a');
  let pending: string[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  // One write for all events of a turn: a killed engine loses at most the turn it was in.
  function flush(): void {
    scheduled = undefined;
    if (pending.length === 0) return;
    const text = pending.join('');
    pending = [];
    writeSync(file, text);
  }

  return {
    run,
    emit: (event: Event) => {
      pending.push(`${JSON.stringify(event)}\n`);
      scheduled ??= setImmediate(flush);
    },
    close: () => {
      if (scheduled !== undefined) clearImmediate(scheduled);
      flush();
      closeSync(file);
    },
  };
}

/** `20261122T101500123-1a2b`: sorts by time; the random end tells runs of the same millisecond apart. */
function newRunId(): RunId {
  const time = new Date().toISOString().replace(/[-:.Z]/g, '');
  return `${time}-${randomBytes(2).toString('hex')}` as RunId;
}
