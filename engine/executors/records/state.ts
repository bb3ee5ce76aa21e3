/** @file What is known of an attempt, from its records and its scheduler: one pure decision for every executor. */
import type { State } from '../contract.ts';
import type { Exit, ExitCause } from '../executor.ts';
import type { ExitRecord, Records } from './records.ts';

/** What a scheduler says of a job. */
export type Word =
  | { readonly kind: 'queued'; readonly why?: string | undefined }
  | { readonly kind: 'running'; readonly host?: string | undefined }
  /** `said`: in its own words, for people. `cause`: why it was ended, where that was not the command's own doing. */
  | {
      readonly kind: 'over';
      readonly said: string;
      readonly cause?: ExitCause | undefined;
      readonly code?: number | undefined;
      /** Of `cancelled`: it had a node by then, and nobody is known to have asked for its end. */
      readonly given?: true | undefined;
    }
  /** It answered, and does not know of the job. */
  | { readonly kind: 'nobody' }
  /** It did not answer. */
  | { readonly kind: 'silent'; readonly why: string }
  | { readonly kind: 'not-asked' };

export interface Patience {
  /** Milliseconds since the job is over or unknown and shows no life, by our own clock. */
  readonly gone: number;
  /** Milliseconds after which a job is lost that nobody knows and that left no record. */
  readonly grace: number;
}

/** A record may be seen this much later than the scheduler's word, which comes another way. Milliseconds. */
const LATE = 3000;
/** So long a scheduler may take to see that a job has ended. Milliseconds. */
const SETTLES = 15_000;
/** The wrapper refuses a second start with this code: the first one may still run. */
const SECOND_START = 76;

/** Whether the scheduler knows better why it ended: somebody asked for it, or killed it, or a part of it on another node. */
export function asksWhy({ exit, gang }: Pick<Records, 'exit' | 'gang'>): boolean {
  if (exit === undefined) return false;
  const ended = exit.code !== 0 && exit.cause === undefined && exit.missing === undefined;
  return ended && (gang || exit.asked !== undefined || exit.signal === 'SIGKILL');
}

function ended(exit: ExitRecord, cause?: ExitCause): State {
  return { kind: 'ended', exit: exitOf(exit, cause), seconds: exit.seconds };
}

export function stateOf(records: Records, word: Word, patience: Patience): State {
  const { exit } = records;
  if (exit === undefined) return withoutExit(records, word, patience);
  if (!asksWhy(records)) return ended(exit);
  switch (word.kind) {
    case 'not-asked':
      return running(records, undefined);
    case 'silent':
      return { kind: 'unknown', why: word.why };
    case 'queued':
      return word;
    case 'running':
      // It has ended and the scheduler has not seen it yet.
      if (patience.gone < SETTLES) return running(records, word.host);
      return ended(exit);
    case 'over':
      return ended(exit, word.cause);
    case 'nobody':
      return ended(exit);
  }
}

function withoutExit(records: Records, word: Word, { gone, grace }: Patience): State {
  switch (word.kind) {
    case 'silent':
      return { kind: 'unknown', why: word.why };
    case 'not-asked':
      return sofar(records);
    case 'queued':
      return word;
    case 'running':
      return running(records, word.host);
    case 'nobody':
      if (gone < grace) return sofar(records);
      return { kind: 'lost', evidence: `its scheduler does not know it any more${lastSeen(records)}` };
    case 'over': {
      const { cause, said, code } = word;
      if (code === SECOND_START && records.started) {
        if (gone < grace) return sofar(records);
        return {
          kind: 'lost',
          evidence: `it was started twice, and the first start is gone${lastSeen(records)}`,
        };
      }
      if (cause === 'cancelled' && !records.started) {
        // A node that fails to start what it was given may have it cancelled, too.
        if (word.given !== true) return { kind: 'ended', exit: { kind: 'vanished', cause, evidence: said } };
        if (gone < Math.min(grace, LATE)) return sofar(records);
        const evidence = `${said}, before it began there`;
        return { kind: 'ended', exit: { kind: 'vanished', cause: 'launch-failed', evidence } };
      }
      // A wrapper that was killed wrote nothing; but what it wrote may not have come through yet.
      if (cause !== undefined && gone >= Math.min(grace, LATE)) {
        return { kind: 'ended', exit: { kind: 'vanished', cause, evidence: said } };
      }
      if (gone < grace) return running(records, undefined);
      if (!records.started) {
        const evidence = `${said}, and it left no record: can the job see its folder?`;
        return { kind: 'ended', exit: { kind: 'vanished', cause: 'launch-failed', evidence } };
      }
      return { kind: 'lost', evidence: `${said}, and it left no record of its end${lastSeen(records)}` };
    }
  }
}

function sofar(records: Records): State {
  return records.started ? running(records, undefined) : { kind: 'queued' };
}

function running({ start, skew }: Records, host: string | undefined): State {
  if (start === undefined) return { kind: 'running', ...(host !== undefined && { host }) };
  const where = host ?? start.node ?? start.host;
  return {
    kind: 'running',
    // By the clock that dates the files, not by that of another machine.
    since: Math.round(start.at - skew),
    ...(where !== undefined && { host: where }),
    ...(start.gpus.length > 0 && { gpus: start.gpus }),
  };
}

/** A difference that people should know of. Milliseconds. */
const NOTABLE_SKEW = 10_000;

function lastSeen({ start, skew, beat }: Records): string {
  if (start === undefined) return '';
  const where = start.node ?? start.host ?? 'an unknown host';
  const told = beat === undefined ? 'it began' : 'it lived';
  const clock =
    Math.abs(skew) < NOTABLE_SKEW
      ? ''
      : `, whose clock is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead' : 'behind'}`;
  return `; ${told} on ${where}${clock}`;
}

/** `cause`: of the scheduler, where the wrapper has none. */
function exitOf(exit: ExitRecord, cause?: ExitCause): Exit {
  const { missing } = exit;
  if (missing !== undefined) {
    return { kind: 'not-started', code: missing, message: MISSING[missing] ?? missing };
  }
  const why = exit.cause ?? cause ?? askedBy(exit);
  if (exit.signal !== undefined) {
    return { kind: 'signalled', signal: exit.signal, ...(why !== undefined && { cause: why }) };
  }
  return { kind: 'exited', code: exit.code ?? 0, ...(why !== undefined && { cause: why }) };
}

/** By SIGUSR2 schedulers warn that a job's time comes to its end; any other signal is somebody's wish. */
function askedBy({ code, asked }: ExitRecord): ExitCause | undefined {
  if (asked === undefined || code === 0) return undefined;
  return asked === 'USR2' ? 'timeout' : 'cancelled';
}

const MISSING: { readonly [code: string]: string } = {
  ENOTDIR: 'the folder that it should run in is not there',
};
