/** @file What executors with a scheduler have in common: states from records and the scheduler's words, and news of both. */
import type { Executor, Handle, State } from '../contract.ts';
import { type JobFiles, sharedFiles } from '../records/files.ts';
import { hasEnded, type Records } from '../records/records.ts';
import { asksWhy, type Word } from '../records/state.ts';
import { asking, PACE, type Pace, type Question } from './asking.ts';
import { following } from './following.ts';
import { watching } from './watching.ts';

export interface ScheduledOptions {
  /** How the files of jobs are reached; default: they are shared. */
  readonly files?: JobFiles | undefined;
  readonly pace?: Pace | undefined;
  /** Milliseconds after which a job is lost that the scheduler does not know and that left no record. */
  readonly lostAfter?: number | undefined;
  /** Where files are not shared: tells of changes of a job's files, by name. Without it there is no telling. */
  readonly changes?: ((heard: (name: string) => void) => void) | undefined;
}

export interface Scheduled extends Pick<Executor, 'poll' | 'logs' | 'close' | 'onChange'> {
  /** There will be news soon. */
  quicken(): void;
  /** They are being ended by us, whatever their scheduler makes of it. */
  cancelling(handles: readonly Handle[]): void;
}

const LOST_AFTER = 60_000;
const CANCELLED: Word = { kind: 'over', said: 'it was cancelled', cause: 'cancelled' };

/** `seed`: engines that begin together do not ask together. */
export function scheduled(question: Question, seed: string, options: ScheduledOptions = {}): Scheduled {
  const { files = sharedFiles, pace = PACE, lostAfter = LOST_AFTER } = options;
  const followed = following(lostAfter);
  const asked = asking(question, `${process.pid} ${seed}`, pace);
  const cancelled = new Set<string>();
  const puzzling = new Set<string>();
  let changed: (name: string) => void = () => {};
  const shared = files === sharedFiles;
  const watch = watching(
    shared,
    (name) => changed(name),
    () => void ask(),
  );

  async function ask(): Promise<void> {
    // Whose record is there needs no word, unless it was ended by somebody.
    const open = watch
      .handles()
      .filter(({ name, folder }) => !shared || puzzling.has(name) || !hasEnded(folder));
    for (const name of await asked.ask(open)) changed(name);
    for (const name of followed.due()) changed(name);
  }

  function wordOf(name: string, records: Records): Word {
    const word = asked.word(name);
    // Ended before its wrapper could say so.
    if (cancelled.has(name) && word.kind === 'over' && (word.cause === undefined || word.given))
      return CANCELLED;
    if (!asksWhy(records) || word.kind === 'over') return word;
    if (cancelled.has(name)) return CANCELLED;
    // Its scheduler knows who ended it, and is asked at once.
    puzzling.add(name);
    asked.quicken('now');
    return word;
  }

  return {
    poll: async (handles) => {
      const looks = await files.look(handles.map(({ folder }) => folder));
      if (!looks.ok) {
        const why = looks.error.message;
        return new Map(handles.map(({ name }) => [name, { kind: 'unknown', why }]));
      }
      const states = new Map<string, State>();
      handles.forEach((handle, at) => {
        const records = looks.value[at];
        if (records === undefined) return;
        const { name } = handle;
        const state = followed.state(name, records, wordOf(name, records));
        states.set(name, state);
        if (state.kind === 'ended' || state.kind === 'lost') watch.forget(name);
        else watch.watch(handle);
      });
      return states;
    },
    logs: (handle, from) => files.chunks(handle.folder, from),
    // Without it the tracker asks again and again itself.
    ...((shared || options.changes !== undefined) && {
      onChange: (listen: (name: string) => void): void => {
        changed = listen;
        options.changes?.((name) => changed(name));
      },
    }),
    quicken: () => asked.quicken(),
    cancelling: (handles) => {
      for (const { name } of handles) cancelled.add(name);
      asked.quicken('now');
    },
    close: () => watch.close(),
  };
}
