import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import { matcherOf } from '../pipeline/select.ts';
import type { Tally } from '../report/tally.ts';
import type { Call } from './call.ts';
import type { PastRun } from './history.ts';
import type { RunWords } from './run-word.ts';

/** `[FILE] STAGE...` of a command that looks into a run. */
export interface StageCall extends RunWords {
  readonly stages: readonly string[];
}

/** The first of several words is the pipeline file if it is called so, or there is a file of that name. */
export function stageCall({ cwd }: Call, words: readonly string[], id: string | undefined): StageCall {
  const [first = '', ...rest] = words;
  const isFile = rest.length > 0 && (/\.ya?ml$/.test(first) || existsSync(resolve(cwd, first)));
  return isFile ? { stages: rest, file: first, id } : { stages: words, id };
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
