import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Key } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { readRecords } from '../../cache/records.ts';
import { type RemovedKeys, removeKeys } from '../../cache/remove.ts';
import type { Project } from '../project.ts';
import { type Line, line } from '../report/line.ts';
import { bytes, plural } from '../report/quantity.ts';
import { busyDiagnostic } from './cache-gc.ts';
import { answer, type Call, refuse } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { projectHere } from './history.ts';
import { findRun } from './run-word.ts';
import { stagesCalled } from './stage-word.ts';

interface RmDocument extends RemovedKeys {
  readonly schema: 'warren/cache-rm/1';
}

/** `cache rm KEY`: 1 if a run that is going on needs it. */
export async function cacheRm(call: Call, word: string): Promise<ExitCode> {
  const project = projectHere(call.cwd);
  const keys = keysCalled(project, word);
  if (!keys.ok) return refuse(call, [keys.error]);
  const done = await removeKeys(project.cache, new Set(keys.value));
  if (!done.ok) {
    refuse(call, [busyDiagnostic(done.error)]);
    return EXIT.failed;
  }
  const document: RmDocument = { schema: 'warren/cache-rm/1', ...done.value };
  answer(call, document, () => lines(document));
  return document.inUse.length > 0 ? EXIT.failed : EXIT.done;
}

function lines({ removed, inUse, objects }: RmDocument): Line[] {
  return [
    line(`removed ${plural(removed.length, 'result')} and ${bytes(objects.bytes)}`),
    ...inUse.map((key) => line(`${key.slice(7, 19)} is needed by a run that is going on`, 'warn')),
  ];
}

/** A start of a key, at least 4 digits long, or a stage of the last run. */
function keysCalled(project: Project, word: string): Result<Key[], Diagnostic> {
  const stored = new Set(readRecords(project.cache).good.map(({ record }) => record.key));
  const run = findRun(project, undefined);
  const done = run.ok ? run.value.tally.done : new Map();
  const stages = run.ok ? stagesCalled(word, run.value.tally) : [];
  const ofStages = stages.flatMap((id): Key[] => {
    const key = done.get(id)?.key as Key | null | undefined;
    return key && stored.has(key) ? [key] : [];
  });
  if (ofStages.length > 0) return ok(ofStages);
  const hex = /^(?:sha256:)?([0-9a-f]{4,64})$/.exec(word)?.[1];
  const matching = hex === undefined ? [] : [...stored].filter((key) => key.startsWith(`sha256:${hex}`));
  if (matching.length === 1) return ok(matching);
  const severity = 'error' as const;
  if (matching.length > 1) {
    const hint = `write more of one of: ${matching
      .slice(0, 5)
      .map((key) => key.slice(7, 27))
      .join(', ')}`;
    return err({
      code: 'ambiguous-key',
      severity,
      message: `${matching.length} keys begin with ${word}.`,
      hint,
    });
  }
  const message = `The cache has no result ${JSON.stringify(word)}.`;
  const hint = 'give the start of a key, at least 4 digits, or a stage of the last run';
  return err({ code: 'unknown-key', severity, message, hint });
}
