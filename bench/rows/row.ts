/** @file What a row of the engine's bench measures, and what it must reach. */
import type { Timed } from '../measure/command.ts';
import { alternate } from '../measure/command.ts';
import { median, rounded, roundedSummary, type Summary } from '../measure/statistics.ts';

/** A measured piece of work. */
export interface Line {
  readonly work: string;
  readonly seconds: Summary;
  /** Absent: measured for comparison only. */
  readonly limit?: { readonly seconds: number; readonly why: string };
  readonly memory?: { readonly megabytes: number; readonly limit?: number };
  readonly met?: boolean;
}

/** What every row is given. */
export interface Bench {
  /** An empty folder of its own. */
  readonly folder: string;
  readonly rounds: number;
  readonly peers: boolean;
  /** Seconds of `node -e 0` on this machine, now. */
  readonly node: number;
  /** Bytes a second of `openssl speed -evp sha256`; undefined without openssl. */
  readonly openssl: number | undefined;
}

export interface Row {
  readonly name: string;
  measure(bench: Bench): Promise<Line[]>;
}

/** `node -e 0` on the machine for which the limits are written. */
const WRITTEN_FOR = 0.09;

interface Limit {
  /** Seconds where `node -e 0` takes 0.09 s: scaled to this machine. */
  readonly scaled?: number;
  /** Seconds here, and where they come from. */
  readonly fixed?: { readonly seconds: number; readonly why: string };
  readonly megabytes?: number;
}

/** Judges measured seconds and memory. */
export function line(
  { node }: Bench,
  work: string,
  seconds: readonly number[],
  { scaled, fixed, megabytes: most }: Limit = {},
  peakBytes?: number,
): Line {
  const limit =
    scaled === undefined
      ? fixed
      : { seconds: scaled * (node / WRITTEN_FOR), why: `${scaled} s where node -e 0 takes ${WRITTEN_FOR} s` };
  const megabytes = peakBytes === undefined ? undefined : Math.round(peakBytes / 1e6);
  const fast = limit === undefined || median(seconds) <= limit.seconds;
  const small = most === undefined || (megabytes !== undefined && megabytes <= most);
  return {
    work,
    seconds: roundedSummary(seconds),
    ...(limit === undefined ? {} : { limit: { ...limit, seconds: rounded(limit.seconds) } }),
    ...(megabytes === undefined
      ? {}
      : { memory: most === undefined ? { megabytes } : { megabytes, limit: most } }),
    ...(limit === undefined && most === undefined ? {} : { met: fast && small }),
  };
}

/** Seconds of one command, `rounds` times, each after `before`. */
export async function repeat(
  rounds: number,
  command: () => Promise<Timed>,
  before: () => void | Promise<void> = () => {},
): Promise<number[]> {
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await before();
    seconds.push((await command()).seconds);
  }
  return seconds;
}

/** As `alternate`, after a round that is not counted: file caches are warm for all. */
export async function warm<K extends string>(
  commands: Readonly<Record<K, () => Promise<Timed>>>,
  rounds: number,
): Promise<Record<K, number[]>> {
  await alternate(commands, 1);
  return alternate(commands, rounds);
}
