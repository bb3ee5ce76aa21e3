import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import type { Tally } from '../report/tally.ts';
import type { PastRun } from './history.ts';

/** The stages of a run that a word means: `rrhf[seed=1]` one instance, `rrhf` all of them. */
export function stagesCalled(word: string, { started }: Tally): StageId[] {
  const ids = (started?.stages ?? []).map(({ id }) => id);
  return ids.filter((id) => id === word || id.startsWith(`${word}[`));
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
