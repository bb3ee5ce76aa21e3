import type { Key, RunId, StageId } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import type { Action, Because } from '../event.ts';
import type { FieldChange } from '../plan/difference.ts';
import { whyKey } from '../plan/why.ts';
import type { Project } from '../project.ts';
import { becauseLine } from '../report/because.ts';
import { type Line, line, span } from '../report/line.ts';
import { table } from '../report/table.ts';
import { answer, type Call, refuse } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { findRun, type PastRun, projectHere } from './history.ts';
import { noSuchStage, stagesCalled } from './stage-word.ts';

interface WhyOptions {
  readonly run?: string;
}

interface Explained {
  readonly id: StageId;
  readonly action: Action | null;
  readonly key: Key | null;
  readonly because: readonly Because[];
  /** The nearest earlier result: of the same stage, else of another stage of its kind. */
  readonly against: { readonly stage: StageId; readonly run: RunId; readonly key: Key } | null;
  readonly changes: readonly { readonly field: string; readonly before?: Json; readonly after?: Json }[];
}

interface WhyDocument {
  readonly schema: 'warren/why/1';
  readonly run: RunId;
  readonly stages: readonly Explained[];
}

/** `why STAGE`: the stage's fingerprint in the latest run beside the nearest earlier one, field by field. */
export function why(call: Call, word: string, options: WhyOptions): Promise<ExitCode> {
  const project = projectHere(call.cwd);
  const found = findRun(project, options.run);
  if (!found.ok) return Promise.resolve(refuse(call, [found.error]));
  const ids = stagesCalled(word, found.value.tally);
  if (ids.length === 0) return Promise.resolve(refuse(call, [noSuchStage(word, found.value)]));
  const document: WhyDocument = {
    schema: 'warren/why/1',
    run: found.value.id,
    stages: ids.map((id) => explain(id, found.value, project)),
  };
  answer(call, document, () => document.stages.flatMap(explainedLines));
  return Promise.resolve(EXIT.done);
}

function explain(id: StageId, { tally }: PastRun, project: Project): Explained {
  const done = tally.done.get(id);
  const key = done?.key ?? null;
  const facts = { id, action: done?.action ?? null, key, because: done?.because ?? [] };
  if (key === null) return { ...facts, against: null, changes: [] };
  const { against, changes } = whyKey(project, tally.started?.pipeline ?? '', id, key);
  return { ...facts, against, changes: changes.map(changeOf) };
}

function changeOf({ path, before, after }: FieldChange): Explained['changes'][number] {
  return {
    field: path.join('.'),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function explainedLines({ id, action, because, against, changes }: Explained): Line[] {
  const head: Line = [
    span(id, 'strong'),
    span(`  ${action ?? 'not ended'}  `),
    span(becauseLine(because), 'dim'),
  ];
  if (against === null) return [head, line('  there is no earlier result to compare with', 'dim')];
  const name = against.stage === id ? '' : `${against.stage} of `;
  const rows = changes.map(({ field, before, after }) => [
    span(`  ${field}`),
    span(`${show(before)} -> ${show(after)}`),
  ]);
  return [head, line(`  compared with ${name}run ${against.run}:`, 'dim'), ...table(rows)];
}

const MOST_SHOWN = 120;

/** An input by its digests, `[label digest, ...]` for several; digests by their first digits. */
function show(value: Json | undefined): string {
  if (value === undefined) return 'none';
  const items = itemsOf(value);
  const [only] = items ?? [];
  const text =
    items === undefined
      ? JSON.stringify(value)
      : items.length === 1 && only?.[0] === ''
        ? String(only[2])
        : `[${items.map(([label, , digest]) => `${label} ${digest}`).join(', ')}]`;
  const short = text.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, '$1');
  return short.length > MOST_SHOWN ? `${short.slice(0, MOST_SHOWN)}...` : short;
}

/** The items of an input in a fingerprint (engine/plan/fingerprint.ts); undefined for any other value. */
function itemsOf(value: Json): readonly (readonly Json[])[] | undefined {
  if (value === null || typeof value !== 'object' || !('items' in value) || !('form' in value))
    return undefined;
  return value['items'] as readonly (readonly Json[])[];
}
