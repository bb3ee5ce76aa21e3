/** @file What is asked of a host about attempts and their jobs, over a link: rows of the table in engine/site/requests.ts. */
import type { Digest } from '../../../base/ids.ts';
import type { Artifact } from '../../../cache/artifact.ts';
import type { Output } from '../../pipeline/graph.ts';
import type { Exchange, Nothing, ProcessName } from '../../site/requests.ts';
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
} from '../../site/shape.ts';
import type { Batch, ExitRecord, Records, Start } from '../records/records.ts';
import type { Brought, Laid, Layout, SpoiledThere } from '../site.ts';

export type LaidOut = Pick<Laid, 'folder' | 'inputs' | 'outputs' | 'state'>;

/** `broken`: the host went down while it was at it. `full`: the store there could not take all of it. */
export interface CollectedThere {
  readonly kind: Brought['kind'] | 'broken' | 'full';
  readonly artifacts?: { readonly [name: string]: Pick<Artifact, 'form' | 'digest'> } | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly hint?: string | undefined;
}

/** A job that was started, as its handle names it. */
export interface JobName {
  /** The attempt's folder. */
  readonly folder: string;
  readonly process: ProcessName;
}

/** What is there to see of a job. */
export interface JobLook {
  /** Asked before its records were read. */
  readonly alive: boolean;
  /** The host was started again since the job began. */
  readonly rebooted: boolean;
  readonly records: Records;
  /** Bytes of what it printed on each stream, and said as events. */
  readonly sizes: readonly number[];
}

/** GPUs that a job asks for, and which of the host's may be used. */
export interface GpuAsk {
  readonly gpus: number;
  readonly gpuMemory: number;
  readonly gpuType?: string | undefined;
  readonly chosen: readonly string[];
  /** As messages call the host. */
  readonly place: string;
}

export interface AttemptRequests {
  /** `lacks`: an object that is not there, or not whole. */
  readonly 'lay-out': Exchange<
    { readonly project: string; readonly layout: Layout },
    { readonly laid: LaidOut | null; readonly lacks: string | null }
  >;
  readonly spoiled: Exchange<{ readonly folder: string }, { readonly spoiled: SpoiledThere | null }>;
  readonly collect: Exchange<{ readonly folder: string; readonly out: Layout['out'] }, CollectedThere>;
  /** `state`: what the attempts of its key shared goes, too. Answers whether something is left in that. */
  readonly 'remove-attempt': Exchange<
    { readonly folder: string; readonly state: boolean },
    { readonly state: boolean }
  >;
  /** PATH, HOME and USER. */
  readonly variables: Exchange<Nothing, { readonly own: { readonly [name: string]: string } }>;
  /** Takes GPUs for a job that is to be started, as far as they are free; asked again and again, it keeps its place in the line. */
  readonly 'gpus-reserve': Exchange<
    { readonly name: string; readonly label: string; readonly gpus: GpuAsk },
    { readonly got: 'granted' | 'waits' | 'never'; readonly why: string | null }
  >;
  /** What was reserved and not used is free again. */
  readonly 'gpus-leave': Exchange<{ readonly name: string }, Nothing>;
  /** Why such a request can never be met there, or not now. */
  readonly 'gpus-check': Exchange<
    { readonly gpus: GpuAsk },
    { readonly never: string | null; readonly later: string | null }
  >;
  /** What may be used, for people, and why there is not more. */
  readonly gpus: Exchange<
    { readonly chosen: readonly string[] },
    { readonly gpus: readonly string[]; readonly trouble: string | null }
  >;
  /** The wrapper of an attempt whose files are there. `secrets`: values that are given to the process and written nowhere. */
  readonly 'job-start': Exchange<
    {
      readonly name: string;
      readonly label: string;
      readonly folder: string;
      readonly secrets: { readonly [name: string]: string };
      readonly gpus: GpuAsk;
    },
    { readonly process: ProcessName | null; readonly waits: string | null }
  >;
  /** What jobs left in these folders. */
  readonly 'job-records': Exchange<
    { readonly folders: readonly string[] },
    { readonly records: readonly Records[] }
  >;
  readonly 'jobs-look': Exchange<
    { readonly jobs: readonly JobName[] },
    { readonly looks: readonly JobLook[] }
  >;
  /** Answers when a job is no longer as it was seen, at the latest after the limit in seconds: their places. */
  readonly 'jobs-wait': Exchange<
    {
      readonly jobs: readonly (JobName & { readonly seen: readonly number[] })[];
      readonly limit: number;
    },
    { readonly changed: readonly number[] }
  >;
  /** Bytes from these offsets of what a job printed and said: of each stream so many, one behind the other. */
  readonly 'job-output': Exchange<
    { readonly folder: string; readonly from: readonly number[]; readonly most: number },
    { readonly sizes: readonly number[] }
  >;
  /** Seconds from SIGTERM to SIGKILL. */
  readonly 'jobs-cancel': Exchange<{ readonly jobs: readonly JobName[]; readonly grace: number }, Nothing>;
}

type Ask<O extends keyof AttemptRequests> = AttemptRequests[O]['ask'];
type Answer<O extends keyof AttemptRequests> = AttemptRequests[O]['answer'];
type Shapes = {
  readonly [O in keyof AttemptRequests]: { readonly ask: Shape<Ask<O>>; readonly answer: Shape<Answer<O>> };
};

const path: Shape<string> = text(4096);
const word: Shape<string> = text(1024);
const digest: Shape<Digest> = matching(/^sha256:[0-9a-f]{64}$/);
const form: Shape<Artifact['form']> = either('file', 'exec', 'tree');
const nothing: Shape<Nothing> = record<Nothing>({});
const artifact: Shape<Pick<Artifact, 'form' | 'digest'>> = record<Pick<Artifact, 'form' | 'digest'>>({
  form,
  digest,
});
const pair: Shape<readonly [string, string]> = (value) => {
  const [label, at] = list(path, 2)(value) ?? [];
  return label === undefined || at === undefined ? undefined : [label, at];
};
const staged = record<LaidOut['inputs'][string]>({
  path,
  many: optional(list(pair)),
});
const item = record<Layout['in'][string]['items'][number]>({ label: path, artifact, suffix: word });
const output = record<Output>({
  type: text(64) as Shape<Output['type']>,
  name: optional(word),
  temp: optional((value) => (value === true ? true : undefined)),
});
const layout = record<Layout>({
  key: matching(/^sha256:[0-9a-f]{64}$/),
  attempt: count,
  in: named(record<Layout['in'][string]>({ form: either('one', 'map', 'list', 'group'), items: list(item) })),
  out: named(output),
  keepState: flag,
  apart: flag,
});
const process = record<ProcessName>({ pid: count, start: text(64), boot: text(64) });
const job = record<JobName>({ folder: path, process });
const gpuAsk = record<GpuAsk>({
  gpus: count,
  gpuMemory: count,
  gpuType: optional(word),
  chosen: list(word),
  place: word,
});

const start = record<Start>({
  host: optional(word),
  node: optional(word),
  pid: count,
  born: optional(word),
  boot: optional(word),
  id: optional(word),
  restarts: count,
  gpus: list(word),
  at: number,
});
const exit = record<ExitRecord>({
  code: optional(count),
  signal: optional(matching(/^SIG[A-Z0-9+-]{1,16}$/)),
  cause: optional(either('timeout', 'oom', 'disk-full')),
  asked: optional(word),
  missing: optional(word),
  seconds: number,
});
const records = record<Records>({
  started: flag,
  start: optional(start),
  exit: optional(exit),
  batch: optional(record<Batch>({ name: word, index: count })),
  gang: flag,
  beat: optional(word),
  skew: number,
});

export const ATTEMPT_SHAPES: Shapes = {
  'lay-out': {
    ask: record<Ask<'lay-out'>>({ project: matching(/^[0-9a-f]{16}$/), layout }),
    answer: record<Answer<'lay-out'>>({
      laid: orNull(
        record<LaidOut>({ folder: path, inputs: named(staged), outputs: named(path), state: path }),
      ),
      lacks: orNull(digest),
    }),
  },
  spoiled: {
    ask: record<Ask<'spoiled'>>({ folder: path }),
    answer: record<Answer<'spoiled'>>({
      spoiled: orNull(record<SpoiledThere>({ path, digest, form: either('file', 'exec'), sure: flag })),
    }),
  },
  collect: {
    ask: record<Ask<'collect'>>({ folder: path, out: named(output) }),
    answer: record<CollectedThere>({
      kind: either('outputs', 'refused', 'broken', 'full'),
      artifacts: optional(named(artifact)),
      code: optional(matching(/^[a-z][a-z0-9-]{0,63}$/)),
      message: optional(path),
      hint: optional(path),
    }),
  },
  'remove-attempt': {
    ask: record<Ask<'remove-attempt'>>({ folder: path, state: flag }),
    answer: record<Answer<'remove-attempt'>>({ state: flag }),
  },
  variables: { ask: nothing, answer: record<Answer<'variables'>>({ own: named(text()) }) },
  'gpus-reserve': {
    ask: record<Ask<'gpus-reserve'>>({ name: word, label: word, gpus: gpuAsk }),
    answer: record<Answer<'gpus-reserve'>>({
      got: either('granted', 'waits', 'never'),
      why: orNull(path),
    }),
  },
  'gpus-leave': { ask: record<Ask<'gpus-leave'>>({ name: word }), answer: nothing },
  'gpus-check': {
    ask: record<Ask<'gpus-check'>>({ gpus: gpuAsk }),
    answer: record<Answer<'gpus-check'>>({ never: orNull(path), later: orNull(path) }),
  },
  gpus: {
    ask: record<Ask<'gpus'>>({ chosen: list(word) }),
    answer: record<Answer<'gpus'>>({ gpus: list(word), trouble: orNull(path) }),
  },
  'job-start': {
    ask: record<Ask<'job-start'>>({
      name: word,
      label: word,
      folder: path,
      secrets: named(text()),
      gpus: gpuAsk,
    }),
    answer: record<Answer<'job-start'>>({ process: orNull(process), waits: orNull(path) }),
  },
  'job-records': {
    ask: record<Ask<'job-records'>>({ folders: list(path) }),
    answer: record<Answer<'job-records'>>({ records: list(records) }),
  },
  'jobs-look': {
    ask: record<Ask<'jobs-look'>>({ jobs: list(job) }),
    answer: record<Answer<'jobs-look'>>({
      looks: list(record<JobLook>({ alive: flag, rebooted: flag, records, sizes: list(count, 3) })),
    }),
  },
  'jobs-wait': {
    ask: record<Ask<'jobs-wait'>>({
      jobs: list(record<Ask<'jobs-wait'>['jobs'][number]>({ folder: path, process, seen: list(count, 4) })),
      limit: count,
    }),
    answer: record<Answer<'jobs-wait'>>({ changed: list(count) }),
  },
  'job-output': {
    ask: record<Ask<'job-output'>>({ folder: path, from: list(count, 3), most: count }),
    answer: record<Answer<'job-output'>>({ sizes: list(count, 3) }),
  },
  'jobs-cancel': { ask: record<Ask<'jobs-cancel'>>({ jobs: list(job), grace: number }), answer: nothing },
};
