import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { matcherOf } from '../pipeline/select.ts';
import type { Tally } from '../report/tally.ts';
import type { PastRun } from './history.ts';
import type { RunWords } from './run-word.ts';

/** `[FILE] STAGE` of a command that looks into a run. */
export interface StageCall extends RunWords {
  readonly stage: string;
}

/** One word is a stage; of two, the first is the pipeline file. */
export function stageCall(words: readonly string[], id: string | undefined): Result<StageCall, Diagnostic> {
  const [first = '', second, third] = words;
  if (third === undefined) {
    return ok(second === undefined ? { stage: first, id } : { stage: second, file: first, id });
  }
  const message = `${words.length} words are too many: a pipeline file, if any, and one stage.`;
  const hint = 'a name stands for all its instances: warren why FILE NAME';
  return err({ code: 'excess-arguments', severity: 'error', message, hint });
}

/** The stages of a run that a word means. */
export function stagesCalled(word: string, { started }: Tally): StageId[] {
  const ids = (started?.stages ?? []).map(({ id }) => id);
  return ids.filter(matcherOf(word));
}

export function noSuchStage(word: string, { id, tally }: PastRun): Diagnostic {
  const stages = (tally.started?.stages ?? []).map((stage) => stage.id);
  const hint = `its stages are ${stages.join(', ')}`;
  return {
    code: 'unknown-stage',
    severity: 'error',
    message: `Run ${id} has no stage ${JSON.stringify(word)}.`,
    hint,
  };
}
