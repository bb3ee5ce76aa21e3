/** @file How many attempts of a profile may be elsewhere at a time: thousands of ready stages are not laid out and submitted at once. */
import type { ExecutorSettings } from '../executors/settings.ts';
import type { Profiles } from '../settings/profiles.ts';
import type { Station } from './placement.ts';

/** Where a profile does not say. Here cores are counted, and on hosts their room. */
const MOST: { readonly [E in ExecutorSettings['executor']]: number | undefined } = {
  local: undefined,
  ssh: undefined,
  slurm: 500,
  command: 500,
  kubernetes: 500,
  ray: 500,
};

/** Undefined: there is no bound. */
export function slotOf(
  profiles: Profiles | undefined,
  { profile, settings, executor }: Pick<Station, 'profile' | 'settings' | 'executor'>,
): Slot | undefined {
  const { queues, arrays } = executor.capabilities;
  const most = queues ? (profiles?.get(profile)?.jobs ?? MOST[settings.executor]) : undefined;
  return most === undefined ? undefined : { profile, most, together: arrays };
}

/** Attempts that end one by one make room for arrays: it is filled when a tenth is free, or after so long. Milliseconds. */
const GATHER = 2000;

export interface Slot {
  readonly profile: string;
  readonly most: number;
  /** What begins together goes out in one submission. */
  readonly together: boolean;
}

export interface Slots {
  /** Calls `start` once there is room, or nobody waits any more. True if that is now. */
  take(slot: Slot, start: () => void): boolean;
  /** For each call of `start`, once. */
  give(slot: Slot): void;
}

interface Line {
  out: number;
  readonly waiting: (() => void)[];
  timer: NodeJS.Timeout | undefined;
}

/** `halted`: all that wait are started, to see that nothing is to begin. */
export function makeSlots(halted: AbortSignal): Slots {
  const lines = new Map<string, Line>();

  function lineOf(profile: string): Line {
    const line = lines.get(profile) ?? { out: 0, waiting: [], timer: undefined };
    lines.set(profile, line);
    return line;
  }

  function fill(line: Line, most: number): void {
    clearTimeout(line.timer);
    line.timer = undefined;
    for (const start of line.waiting.splice(0, Math.max(0, most - line.out))) {
      line.out += 1;
      start();
    }
  }

  halted.addEventListener(
    'abort',
    () => {
      for (const line of lines.values()) fill(line, Number.POSITIVE_INFINITY);
    },
    { once: true },
  );

  return {
    take: ({ profile, most }, start) => {
      const line = lineOf(profile);
      if (!halted.aborted && (line.waiting.length > 0 || line.out >= most)) {
        line.waiting.push(start);
        return false;
      }
      line.out += 1;
      start();
      return true;
    },
    give: ({ profile, most, together }) => {
      const line = lineOf(profile);
      line.out -= 1;
      if (line.waiting.length === 0) return;
      const enough = Math.min(line.waiting.length, Math.ceil(most / 10));
      if (!together || line.out === 0 || most - line.out >= enough) fill(line, most);
      else line.timer ??= setTimeout(() => fill(line, most), GATHER);
    },
  };
}
