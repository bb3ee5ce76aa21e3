/**
 * @file What is asked over a link, and what comes back: one table for both sides. Each request may be asked again when
 * its answer got lost, so each must be safe to repeat. Bytes go beside the JSON of a request and of an answer.
 */
import { ATTEMPT_SHAPES, type AttemptRequests } from '../executors/ssh/requests.ts';
import {
  count,
  either,
  flag,
  list,
  matching,
  named,
  number,
  optional,
  orNull,
  record,
  type Shape,
  text,
} from './shape.ts';

/** Of the host, as far as the link itself needs it. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly libc: 'glibc' | 'musl' | 'none';
}

export interface HostFacts extends Machine {
  readonly hostname: string;
  readonly home: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly cpu: string;
  /** Bytes free for this user below the root. */
  readonly free: number;
}

/** A process that a pid alone does not name. */
export interface ProcessName {
  readonly pid: number;
  /** Field 22 of its `stat`. */
  readonly start: string;
  readonly boot: string;
}

/** `path`: of an object or record below the root, as in a cache. */
interface Stored {
  /** Undefined: nothing is there. */
  readonly size: number | null;
  /** Bytes of an unfinished transfer. */
  readonly part: number;
}

interface Requests extends AttemptRequests {
  /** Keeps the link alive. */
  readonly ping: Exchange<Nothing, Nothing>;
  readonly facts: Exchange<Nothing, HostFacts>;
  /** Runs a command to its end; bytes: its stdin. The answer's bytes: stdout, then stderr, each cut at `most`. */
  readonly run: Exchange<
    {
      readonly argv: readonly string[];
      readonly env: { readonly [name: string]: string };
      readonly cwd?: string | undefined;
      /** Seconds. */
      readonly limit: number;
      readonly most: number;
    },
    {
      readonly code: number | null;
      readonly signal: string | null;
      /** `ENOENT`: it did not start. */
      readonly failed: string | null;
      /** It had not ended when its time was over, and was killed. */
      readonly late: boolean;
      readonly stdout: number;
      readonly stderr: number;
    }
  >;
  /** Small files below the root, whole or not at all, in this order; bytes: their contents, one behind the other. */
  readonly write: Exchange<
    {
      readonly files: readonly {
        readonly path: string;
        readonly size: number;
        readonly executable: boolean;
      }[];
    },
    Nothing
  >;
  readonly 'objects-stored': Exchange<
    { readonly paths: readonly string[] },
    { readonly stored: readonly Stored[] }
  >;
  readonly 'object-read': Exchange<
    { readonly path: string; readonly from: number; readonly most: number },
    { readonly size: number | null }
  >;
  /** Bytes at an offset of a transfer. The last ones publish it, if its digest is right. */
  readonly 'object-write': Exchange<
    { readonly path: string; readonly from: number; readonly size: number },
    { readonly have: number; readonly published: boolean }
  >;
  /** False: something was there, and stays. */
  readonly 'record-write': Exchange<
    { readonly path: string; readonly text: string; readonly replace: boolean },
    { readonly written: boolean }
  >;
  readonly 'program-there': Exchange<{ readonly digest: string }, { readonly there: boolean }>;
  /** Lays a program out under its digest, from objects; those that are not there are told, by their place. */
  readonly program: Exchange<
    { readonly digest: string; readonly members: readonly ProgramMember[] },
    { readonly lacking: readonly number[] }
  >;
}

export interface ProgramMember {
  readonly path: string;
  readonly digest: string;
  readonly executable: boolean;
}

export type Op = keyof Requests;
export type Ask<O extends Op> = Requests[O]['ask'];
export type Answer<O extends Op> = Requests[O]['answer'];

export interface Exchange<A extends object, B extends object> {
  readonly ask: A;
  readonly answer: B;
}
/** No fields. */
export type Nothing = Readonly<Record<never, never>>;

type Shapes = { readonly [O in Op]: { readonly ask: Shape<Ask<O>>; readonly answer: Shape<Answer<O>> } };

const nothing: Shape<Nothing> = record<Nothing>({});
const path: Shape<string> = text(4096);
const digest: Shape<string> = matching(/^sha256:[0-9a-f]{64}$/);
const environment: Shape<{ readonly [name: string]: string }> = named(text());
const argv: Shape<readonly string[]> = list(text(), 10_000);
const code: Shape<string> = text(64);

export const SHAPES: Shapes = {
  ...ATTEMPT_SHAPES,
  ping: { ask: nothing, answer: nothing },
  facts: {
    ask: nothing,
    answer: record<HostFacts>({
      platform: text(64),
      arch: text(64),
      libc: either('glibc', 'musl', 'none'),
      hostname: text(256),
      home: path,
      cores: count,
      memory: count,
      cpu: text(256),
      free: count,
    }),
  },
  run: {
    ask: record<Ask<'run'>>({ argv, env: environment, cwd: optional(path), limit: number, most: count }),
    answer: record<Answer<'run'>>({
      code: orNull(number),
      signal: orNull(code),
      failed: orNull(code),
      late: flag,
      stdout: count,
      stderr: count,
    }),
  },
  write: {
    ask: record<Ask<'write'>>({
      files: list(record<Ask<'write'>['files'][number]>({ path, size: count, executable: flag })),
    }),
    answer: nothing,
  },
  'objects-stored': {
    ask: record<Ask<'objects-stored'>>({ paths: list(path) }),
    answer: record<Answer<'objects-stored'>>({
      stored: list(record<Stored>({ size: orNull(count), part: count })),
    }),
  },
  'object-read': {
    ask: record<Ask<'object-read'>>({ path, from: count, most: count }),
    answer: record<Answer<'object-read'>>({ size: orNull(count) }),
  },
  'object-write': {
    ask: record<Ask<'object-write'>>({ path, from: count, size: count }),
    answer: record<Answer<'object-write'>>({ have: count, published: flag }),
  },
  'record-write': {
    ask: record<Ask<'record-write'>>({ path, text: text(16 * 2 ** 20), replace: flag }),
    answer: record<Answer<'record-write'>>({ written: flag }),
  },
  'program-there': {
    ask: record<Ask<'program-there'>>({ digest }),
    answer: record<Answer<'program-there'>>({ there: flag }),
  },
  program: {
    ask: record<Ask<'program'>>({
      digest,
      members: list(record<ProgramMember>({ path, digest, executable: flag })),
    }),
    answer: record<Answer<'program'>>({ lacking: list(count) }),
  },
};
