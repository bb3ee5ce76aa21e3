/** @file Scores of responses by one model: a reward model's, or a language model's log-probabilities. */
import { err, ok, type Result } from '../../base/result.ts';
import type { Failure } from '../protocol/failure.ts';
import type { LlamaConfig, Scorer, Sequence } from './onnx/api.ts';
import { loadModel } from './onnx/folder.ts';
import { openScorer } from './onnx/score.ts';
import type { Response } from './record-types.ts';
import { checkPositions, encodeSequence, type Truncation, truncationTally } from './text.ts';

/** What a model needs to know of a response. */
type Answer = Pick<Response, 'prompt' | 'response' | 'finish'>;

export interface ScoringRequest {
  /** Model folder. */
  readonly folder: string;
  readonly rows: readonly Answer[];
  readonly truncation: Truncation;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** After each batch, with the number of rows done so far. */
  readonly onRows: (done: number) => void;
}

export interface Scores<T> {
  /** In the order of the rows. */
  readonly values: readonly T[];
  /** Tokens of each response as the model saw it, EOS not counted. */
  readonly tokens: readonly number[];
  /** What was cut, for people; null where nothing was. */
  readonly note: string | null;
}

/** Reward of each row: the score at the last token of query, response and EOS. `score-not-finite` names the row. */
export async function rewardsOf(request: ScoringRequest): Promise<Result<Scores<number>, Failure>> {
  const scored = await withScorer(request, 'LlamaForSequenceClassification', (scorer, sequences, onBatch) =>
    scorer.rewards(sequences, onBatch),
  );
  if (!scored.ok) return scored;
  const bad = scored.value.values.findIndex((value) => !Number.isFinite(value));
  return bad === -1 ? scored : err(notFinite(bad + 1, request.folder));
}

/** log P(token | before) of each row's response tokens, EOS included where the response ended. */
export async function logprobsOf(
  request: ScoringRequest,
): Promise<Result<Scores<readonly number[]>, Failure>> {
  const scored = await withScorer(request, 'LlamaForCausalLM', async (scorer, sequences, onBatch) => {
    const rows = await scorer.logprobs(sequences, onBatch);
    return rows.map((row) => [...row]);
  });
  if (!scored.ok) return scored;
  const bad = scored.value.values.findIndex((row) => row.length === 0 || !row.every(Number.isFinite));
  return bad === -1 ? scored : err(notFinite(bad + 1, request.folder));
}

async function withScorer<T>(
  request: ScoringRequest,
  architecture: LlamaConfig['architecture'],
  score: (
    scorer: Scorer,
    sequences: readonly Sequence[],
    onBatch: (count: number) => void,
  ) => Promise<readonly T[]>,
): Promise<Result<Scores<T>, Failure>> {
  const model = await loadModel(request.folder);
  if (!model.ok) return model;
  if (model.value.config.architecture !== architecture)
    return err({
      code: 'wrong-model',
      message: `The model is a ${model.value.config.architecture}, and a ${architecture} is needed.`,
      hint:
        architecture === 'LlamaForCausalLM'
          ? 'Give a language model, not a reward model.'
          : 'Give a reward model, not a language model.',
      file: request.folder,
    });
  const tally = truncationTally(request.truncation);
  const sequences: Sequence[] = [];
  const tokens: number[] = [];
  for (const [i, row] of request.rows.entries()) {
    const encoded = encodeSequence(
      model.value.tokenizer,
      row.prompt,
      row.response,
      request.truncation,
      row.finish,
    );
    if (!encoded.ok) return err({ ...encoded.error, row: i + 1 });
    tally.add(encoded.value);
    sequences.push(encoded.value);
    tokens.push(encoded.value.response.length - (encoded.value.eos ? 1 : 0));
  }
  const longest = sequences.reduce(
    (most, { query, response }) => Math.max(most, query.length + response.length),
    0,
  );
  const fits = checkPositions(model.value, longest);
  if (!fits.ok) return err({ ...fits.error, file: request.folder });
  const scorer = await openScorer(model.value, { threads: request.threads });
  try {
    let done = 0;
    const values = await score(scorer, sequences, (count) => {
      request.signal.throwIfAborted();
      done += count;
      request.onRows(done);
    });
    return ok({ values, tokens, note: tally.note('scored responses') });
  } catch (error) {
    if (error !== request.signal.reason) throw error;
    return err({ code: 'cancelled', message: 'Scoring was stopped with the run.' });
  } finally {
    await scorer.close();
  }
}

function notFinite(row: number, file: string): Failure {
  return {
    code: 'score-not-finite',
    message: `The model gives response ${row} no finite score.`,
    hint: 'Its weights may hold NaN: train it again with a lower learning rate.',
    file,
    row,
  };
}
