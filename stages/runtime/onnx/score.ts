/** @file Forward passes without derivatives: log-probabilities of responses, scores of reward models. */
import type { Model, Scorer, Sequence } from './api.ts';
import { headGraph, scoreGraph, trunkGraph } from './score-graphs.ts';
import { type Feeds, openSession, type Session, type Tensors, tensors } from './session.ts';

/** Tokens of a pass, padding included, and the attention weights it may hold: bounds for memory. */
const PASS_TOKENS = 4096;
const PASS_ATTENTION = 2 ** 25;
/** Logits held at once. The head runs over so many positions at a time, whatever the vocabulary. */
const HEAD_LOGITS = 2 ** 20;

/** Opens a model for scoring. Sequences are sorted by length and padded to the longest of a pass; results keep the call's order. */
export async function openScorer(model: Model, options: { readonly threads: number }): Promise<Scorer> {
  const make = await tensors();
  const sessions: Session[] = [];
  const lazily = (graph: (model: Model) => Uint8Array): (() => Promise<Session>) => {
    let opening: Promise<Session> | undefined;
    return () => {
      opening ??= openSession(graph(model), options.threads).then((session) => {
        sessions.push(session);
        return session;
      });
      return opening;
    };
  };
  const trunk = lazily(trunkGraph);
  const head = lazily(headGraph);
  const score = lazily(scoreGraph);
  const { hidden_size: hidden, vocab_size: vocabulary } = model.config;

  return {
    async logprobs(sequences, onBatch) {
      const out = sequences.map(({ response }) => new Float32Array(response.length));
      const chunk = Math.max(1, Math.floor(HEAD_LOGITS / vocabulary));
      for (const batch of batches(model, sequences, ({ response }) => response.length > 0)) {
        const rows = responseRows(batch);
        const states = new Float32Array(rows.length * hidden);
        await (await trunk()).run(
          { ...inputs(make, batch.items), rows: make.int(rows, [rows.length]) },
          { hidden: make.float(states, [rows.length, hidden]) },
        );
        const targets = Int32Array.from(batch.items.flatMap(({ response }) => [...response]));
        const scored = new Float32Array(targets.length);
        for (let at = 0; at < targets.length; at += chunk) {
          const some = targets.subarray(at, at + chunk);
          const feeds = {
            hidden: make.float(states.subarray(at * hidden, (at + some.length) * hidden), [
              some.length,
              hidden,
            ]),
            targets: make.int(some, [some.length, 1]),
          };
          const result = make.float(scored.subarray(at, at + some.length), [some.length, 1]);
          await (await head()).run(feeds, { logprobs: result });
        }
        let at = 0;
        for (const index of batch.indices) {
          const own = out[index] as Float32Array;
          own.set(scored.subarray(at, at + own.length));
          at += own.length;
        }
        onBatch?.(
          batch.indices,
          batch.indices.map((index) => out[index] as Float32Array),
        );
      }
      return out;
    },
    async rewards(sequences, onBatch) {
      const out = sequences.map(() => Number.NaN);
      for (const batch of batches(model, sequences, () => true)) {
        const feeds = { ...inputs(make, batch.items), rows: make.int(lastRows(batch), [batch.items.length]) };
        const scored = new Float32Array(batch.items.length);
        await (await score()).run(feeds, { scores: make.float(scored, [scored.length, 1]) });
        batch.indices.forEach((index, row) => {
          out[index] = scored[row] as number;
        });
        onBatch?.(batch.indices, [...scored]);
      }
      return out;
    },
    async close() {
      await Promise.all(sessions.map((session) => session.close()));
    },
  };
}

interface Batch {
  readonly items: readonly Sequence[];
  /** Places in the call. */
  readonly indices: readonly number[];
  readonly length: number;
}

/** Sequences of like length together, longest first, so that memory is at its most at once. */
function batches(
  model: Model,
  sequences: readonly Sequence[],
  wanted: (sequence: Sequence) => boolean,
): Batch[] {
  const { num_attention_heads: heads, max_position_embeddings: positions } = model.config;
  const order = sequences
    .map((item, index) => ({ item, index, length: item.query.length + item.response.length }))
    .filter(({ item }) => wanted(item))
    .sort((a, b) => b.length - a.length || a.index - b.index);
  const longest = order[0]?.length ?? 0;
  if (longest > positions)
    throw new RangeError(`A sequence has ${longest} tokens; the model has ${positions} positions in all`);
  if (order.some(({ item }) => item.query.length === 0))
    throw new RangeError('A query has at least one token');
  const out: Batch[] = [];
  for (let at = 0; at < order.length; ) {
    const length = order[at]?.length ?? 0;
    const room = Math.min(PASS_TOKENS / length, PASS_ATTENTION / (heads * length * length));
    const part = order.slice(at, at + Math.max(1, Math.floor(room)));
    out.push({ items: part.map(({ item }) => item), indices: part.map(({ index }) => index), length });
    at += part.length;
  }
  return out;
}

/** The positions that predict each response token, in [B·S]. */
function responseRows({ items, length }: Batch): Int32Array {
  return Int32Array.from(
    items.flatMap(({ query, response }, b) => response.map((_, t) => b * length + query.length - 1 + t)),
  );
}

/** The position of each sequence's last token, in [B·S]. */
function lastRows({ items, length }: Batch): Int32Array {
  return Int32Array.from(items, ({ query, response }, b) => b * length + query.length + response.length - 1);
}

function inputs(make: Tensors, items: readonly Sequence[]): Feeds {
  const lengths = items.map(({ query, response }) => query.length + response.length);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const ids = new Int32Array(items.length * longest);
  items.forEach(({ query, response }, b) => {
    ids.set(query, b * longest);
    ids.set(response, b * longest + query.length);
  });
  return {
    ids: make.int(ids, [items.length, longest]),
    last: make.int(
      Int32Array.from(lengths, (length) => length - 1),
      [items.length],
    ),
    total: make.int(Int32Array.of(longest), []),
  };
}
