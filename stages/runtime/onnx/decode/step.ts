/** @file Passes of the cached model over a contiguous range of rows: new prompts, or one more token for every row. */
import type { Model } from '../api.ts';
import { headsOf } from '../heads.ts';
import { type Feeds, openSession, type Tensor, tensors } from '../session.ts';
import { decoderGraph } from './graph.ts';

/** What may follow the last token of each row, [rows, vocabulary]; the memory is written again by the next pass. */
export interface Distributions {
  /** log P at temperature 1. */
  readonly logprobs: Float32Array;
  /** P at the temperature asked for. */
  readonly weights: Float32Array;
}

/** A cache of keys and values, and the passes that fill it. */
interface Stepper {
  /** Reads whole prompts into rows `from`, `from + 1`, ..., which then hold just them. */
  prefill(from: number, prompts: readonly (readonly number[])[]): Promise<Distributions>;
  /** Appends a token to each of the rows 0, 1, ...; `lengths` counts the tokens each row held before. */
  append(ids: Int32Array, lengths: Int32Array): Promise<Distributions>;
  /** Copies the first `length` tokens of a row over another row. */
  copy(from: number, to: number, length: number): void;
}

/** The session of a model, shared by all its caches. */
export interface DecoderSession {
  /** An empty cache of `rows` rows for `capacity` tokens each. */
  stepper(rows: number, capacity: number, temperature: number): Stepper;
  close(): Promise<void>;
}

export async function openDecoderSession(model: Model, threads: number): Promise<DecoderSession> {
  const session = await openSession(decoderGraph(model), threads);
  const make = await tensors();
  const { config } = model;
  const groups = config.num_key_value_heads;
  const width = headsOf(config).width;
  const vocabulary = config.vocab_size;

  function stepper(rows: number, capacity: number, temperature: number): Stepper {
    const rowSize = groups * capacity * width;
    const caches = Array.from({ length: config.num_hidden_layers }, () => ({
      key: new Float32Array(rows * rowSize),
      value: new Float32Array(rows * rowSize),
    }));
    const logprobs = new Float32Array(rows * vocabulary);
    const weights = new Float32Array(rows * vocabulary);
    const inverse = make.float(Float32Array.of(1 / temperature), []);

    /** `last` holds each row's length after the pass, minus one; `pick` its last token's place in `ids`. */
    async function pass(
      from: number,
      ids: Int32Array,
      last: Int32Array,
      pick: Int32Array,
    ): Promise<Distributions> {
      const count = last.length;
      const feeds: Feeds = {
        ids: make.int(ids, [count, ids.length / count]),
        last: make.int(last, [count]),
        total: make.int(Int32Array.of(last.reduce((most, n) => Math.max(most, n)) + 1), []),
        pick: make.int(pick, [count]),
        inverse_temperature: inverse,
      };
      const out = {
        logprobs: logprobs.subarray(0, count * vocabulary),
        weights: weights.subarray(0, count * vocabulary),
      };
      const fetches: { [name: string]: Tensor } = {
        logprobs: make.float(out.logprobs, [count, vocabulary]),
        weights: make.float(out.weights, [count, vocabulary]),
      };
      caches.forEach((cache, i) => {
        for (const kind of ['key', 'value'] as const) {
          const part = cache[kind].subarray(from * rowSize, (from + count) * rowSize);
          const tensor = make.float(part, [count, groups, capacity, width]);
          // Past and present in one memory: the operator then appends in place and copies nothing.
          feeds[`past.${i}.${kind}`] = tensor;
          fetches[`present.${i}.${kind}`] = tensor;
        }
      });
      await session.run(feeds, fetches);
      return out;
    }

    return {
      prefill(from, prompts) {
        const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0);
        const ids = new Int32Array(prompts.length * longest);
        prompts.forEach((prompt, row) => {
          ids.set(prompt, row * longest);
        });
        const last = Int32Array.from(prompts, (prompt) => prompt.length - 1);
        return pass(
          from,
          ids,
          last,
          last.map((n, row) => row * longest + n),
        );
      },
      append: (ids, lengths) =>
        pass(
          0,
          ids,
          lengths,
          lengths.map((_, row) => row),
        ),
      copy(from, to, length) {
        for (const cache of caches) {
          for (const buffer of [cache.key, cache.value]) {
            for (let group = 0; group < groups; group++) {
              const offset = group * capacity * width;
              const start = from * rowSize + offset;
              buffer.copyWithin(to * rowSize + offset, start, start + length * width);
            }
          }
        }
      },
    };
  }
  return { stepper, close: () => session.close() };
}
