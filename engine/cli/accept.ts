import type { Key, RunId, StageId } from '../../base/ids.ts';
import { findProject } from '../project.ts';
import { type Line, span } from '../report/line.ts';
import { acceptStages } from '../run/accept.ts';
import { answer, type Call, refuse } from './call.ts';
import { changeLines, type ShownChange, shownChange } from './change-lines.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { loadTargets } from './load.ts';
import type { OverrideOptions } from './values.ts';

interface AcceptCall extends OverrideOptions {
  readonly field?: readonly string[];
  readonly dryRun?: boolean;
  readonly threads?: number;
}

interface AcceptDocument {
  readonly schema: 'warren/accept/1';
  readonly pipeline: string;
  readonly file: string;
  /** Nothing was recorded. */
  readonly dryRun: boolean;
  readonly stages: readonly {
    readonly id: StageId;
    readonly key: Key;
    /** Null for a stage that has a result of its own already. */
    readonly from: { readonly key: Key; readonly run: RunId } | null;
    readonly changes: readonly ShownChange[];
  }[];
}

/** `accept FILE STAGE...`: the nearest earlier results stand for the current keys, too: "same on purpose". */
export async function accept(
  call: Call,
  file: string,
  stages: readonly string[],
  options: AcceptCall,
): Promise<ExitCode> {
  const loaded = await loadTargets(call, file, stages, options);
  if (!loaded.ok) return loaded.error;
  const { graph, targets } = loaded.value;
  const { field: fields = [], dryRun: dry = false, threads } = options;
  const settings = { targets, fields, dry, threads };
  const accepted = await acceptStages(graph, findProject(graph.file), settings);
  if (!accepted.ok) return refuse(call, accepted.error);
  const document: AcceptDocument = {
    schema: 'warren/accept/1',
    pipeline: graph.name,
    file: graph.file,
    dryRun: dry,
    stages: accepted.value.map((each) => ({ ...each, changes: each.changes.map(shownChange) })),
  };
  answer(call, document, () => (call.quiet ? [] : document.stages.flatMap((each) => lines(each, dry))));
  return EXIT.done;
}

function lines({ id, from, changes }: AcceptDocument['stages'][number], dry: boolean): Line[] {
  if (from === null) return [[span(id, 'strong'), span('  has a result already', 'dim')]];
  const verb = dry ? span('would be accepted', 'info') : span('accepted', 'good');
  const head: Line = [span(id, 'strong'), span('  '), verb, span(`  the result that run ${from.run} made`)];
  return [head, ...changeLines(changes)];
}
