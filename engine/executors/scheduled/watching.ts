/** @file Notices what happens to jobs by their files: a look at a few sizes, several times a second, and nothing read. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Handle } from '../contract.ts';
import { jobFolder } from '../records/wrapper.ts';

export interface Watching {
  watch(handle: Handle): void;
  forget(name: string): void;
  /** All that are watched. */
  handles(): readonly Handle[];
  close(): void;
}

/** Between two looks. Milliseconds. */
const LOOK = 200;
const OUTPUTS = ['out', 'err', 'events'] as const;

interface Watched {
  readonly handle: Handle;
  readonly job: string;
  begun: boolean;
  seen: string;
}

/** `changed` hears of each change, `turn` of every look. Files that are not here (`shared`) are looked at by turns alone. */
export function watching(shared: boolean, changed: (name: string) => void, turn: () => void): Watching {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    for (const each of shared ? watched.values() : []) {
      each.begun ||= sizeOf(each.job, 'start') !== undefined;
      const now = each.begun ? shapeOf(each.job) : '';
      if (now === each.seen) continue;
      each.seen = now;
      changed(each.handle.name);
    }
    turn();
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    watch: (handle) => {
      if (!watched.has(handle.name)) {
        watched.set(handle.name, { handle, job: jobFolder(handle.folder), begun: false, seen: '' });
      }
      timer ??= setInterval(look, LOOK);
    },
    forget: (name) => {
      watched.delete(name);
      if (watched.size === 0) stop();
    },
    handles: () => [...watched.values()].map(({ handle }) => handle),
    close: () => {
      watched.clear();
      stop();
    },
  };
}

function shapeOf(job: string): string {
  const ended = sizeOf(job, 'exit') !== undefined;
  return `${ended} ${OUTPUTS.map((name) => sizeOf(job, name) ?? '-').join(' ')}`;
}

function sizeOf(job: string, name: string): number | undefined {
  return statSync(join(job, name), { throwIfNoEntry: false })?.size;
}
