import type { Result } from '../../base/result.ts';
import type { Random } from '../runtime/random.ts';
import type { Failure } from './failure.ts';

/** A map, list or group input, in the fixed order of its labels. */
export type Many = readonly { readonly label: string; readonly path: string }[];

interface Progress {
  readonly step: number;
  readonly total: number;
  /** What is counted: `steps`, `prompts`, `rows`. */
  readonly unit: string;
  /** Last values to show beside it: `{loss: 0.41}`. */
  readonly metrics?: { readonly [name: string]: number };
}

/** All that a kind knows of the world. A stage writes only below its outputs and `state`. */
export interface Context<With> {
  readonly with: With;
  /** Path of a single input; throws (a bug) if the manifest does not declare it as `one` and required. */
  input(name: string): string;
  optional(name: string): string | undefined;
  many(name: string): Many;
  /** Path to write an output at; a folder output exists already, a file output does not. */
  output(name: string): string;
  /** Key-bound scratch folder that survives kills of the same key. */
  readonly state: string;
  /** Seconds of work between two checkpoints in `state`; null: the kind's own choice. Never changes a result. */
  readonly checkpointSeconds: number | null;
  /** A random stream: sha256 of (seed parameter, kind, stream name), never of the stage's name. */
  random(stream: string): Random;
  progress(progress: Progress): void;
  /** One point of a curve: `metric('loss', 0.41, step)`. */
  metric(name: string, value: number, step: number): void;
  /** A line for people, shown on the run's own output: counts of rejects, truncations. */
  note(text: string): void;
  /** A short Markdown table or text to show in full when the stage ends. */
  report(markdown: string): void;
  readonly signal: AbortSignal;
  /** CPU threads granted. */
  readonly threads: number;
}

/** The entry of a kind: `stages/<kind>/run.ts` exports `run`. Expected failure is returned; a throw is a bug. */
export type RunKind<With> = (ctx: Context<With>) => Promise<Result<void, Failure>>;
