/** @file The search for a prompt's responses: from distributions to the next live sequences, rows and caches aside. */
import type { Random } from '../../random.ts';
import type { GenerateOptions, Generation } from '../api.ts';
import type { Ending } from './ending.ts';

/** A sequence that goes on: which of the previous live ones it continues, and the token to append. */
export interface Step {
  readonly parent: number;
  readonly token: number;
}

/** Distributions for the live sequences, by their place in the previous answer. */
export interface Next {
  logprobs(live: number): Float32Array;
  weights(live: number): Float32Array;
}

/** The search for one prompt's responses. */
export interface Search {
  /** Sequences before the first token; all of them follow the prompt. */
  readonly roots: number;
  /** The sequences that are live after one more token each; none when the search is over. */
  advance(next: Next): readonly Step[];
  /** No later answer has more sequences than this. */
  width(): number;
  /** The n generations; only after the last step. */
  results(): readonly Generation[];
}

export interface SearchContext {
  readonly prompt: number;
  readonly options: GenerateOptions;
  /** As in the options, or less where the model's positions end. */
  readonly maxNewTokens: number;
  readonly eos: number;
  readonly ending: Ending;
  readonly random: (index: number) => Random;
}
