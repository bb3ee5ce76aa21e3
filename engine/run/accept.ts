/** @file `accept`: an earlier result of a stage is its result under the current key, too, because a person says so. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Key, RunId, StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { type ActionRecord, publishAction, readAction } from '../../cache/actions.ts';
import { keptOutputs } from '../../cache/records.ts';
import { firstLost } from '../../cache/tree.ts';
import { readLockFile } from '../lock/file.ts';
import type { Graph, Stage } from '../pipeline/graph.ts';
import { decide, type Keyed } from '../plan/decide.ts';
import { differenceOf, type FieldChange } from '../plan/difference.ts';
import { asJson, type Fingerprint } from '../plan/fingerprint.ts';
import { closureOf, indexGraph } from '../plan/index.ts';
import type { Outputs } from '../plan/resolve.ts';
import { openWorld, type World } from '../plan/world.ts';
import type { Project } from '../project.ts';

export interface AcceptOptions {
  readonly targets: readonly StageId[];
  /** Parameters and the like whose change is accepted, as `why` names them: `with.lr`, `backend.threads`. */
  readonly fields: readonly string[];
  readonly threads?: number | undefined;
  /** Show what would be accepted, and record nothing. */
  readonly dry: boolean;
}

/** What became of one stage. */
export interface Acceptance {
  readonly id: StageId;
  readonly key: Key;
  /** Null for a stage that has a result of its own already. */
  readonly from: { readonly key: Key; readonly run: RunId } | null;
  readonly changes: readonly FieldChange[];
}

/** Changes that may be accepted without being named: they say how a result is made, not which one is wanted. */
const FREE: ReadonlySet<string> = new Set(['code', 'command', 'env']);
/** Changes that may be accepted by name. What is not in either set is other work: inputs, outputs, the kind. */
const NAMED: ReadonlySet<string> = new Set(['with', 'axes', 'backend']);

/** All stages or none. In the graph's order: a stage may be accepted on what was accepted above it. */
export async function acceptStages(
  graph: Graph,
  project: Project,
  options: AcceptOptions,
): Promise<Result<Acceptance[], Diagnostic[]>> {
  const lock = (await readLockFile(graph.file)).entries;
  const world = openWorld(project, { threads: options.threads, lock });
  const index = indexGraph(graph);
  const wanted = new Set(options.targets);
  const outputs = new Map<StageId, Outputs>();
  const done: Acceptance[] = [];
  const records: { readonly stage: Stage; readonly record: ActionRecord }[] = [];
  const refused: Diagnostic[] = [];
  for (const stage of closureOf(index, options.targets)) {
    const decision = decide(stage, index, world, (id) => outputs.get(id), {});
    if (decision.state === 'hit') {
      outputs.set(stage.id, decision.record.outputs);
      if (wanted.has(stage.id)) done.push({ id: stage.id, key: decision.key, from: null, changes: [] });
    } else if (wanted.has(stage.id)) {
      if (decision.state !== 'run') {
        const above = index.upstream.get(stage.id)?.find((id) => !outputs.has(id));
        refused.push(decision.state === 'failed' ? failed(stage, decision.failure) : unsettled(stage, above));
        continue;
      }
      const found = findAcceptable(stage, graph.name, decision, world, options.fields);
      if (!found.ok) {
        refused.push(found.error);
        continue;
      }
      done.push(found.value.acceptance);
      records.push({ stage, record: found.value.record });
      outputs.set(stage.id, found.value.record.outputs);
    }
  }
  world.memo.flush();
  const named = new Set(done.flatMap(({ changes }) => changes.map(({ path }) => path.join('.'))));
  if (refused.length === 0) refused.push(...options.fields.filter((field) => !named.has(field)).map(idle));
  if (refused.length > 0) return err(refused);
  if (options.dry) return ok(done);
  for (const { stage, record } of records) {
    const { kind, key, run } = await publishAction(project.cache, record, false);
    world.keepCode(kind);
    world.past.append({ pipeline: graph.name, stage: stage.id, kind, key, run, ended: 'done' });
  }
  return ok(done);
}

interface Acceptable {
  readonly acceptance: Acceptance;
  readonly record: ActionRecord;
}

/** The nearest earlier result of the very stage, if only what may change has changed, and its bytes are there. */
function findAcceptable(
  stage: Stage,
  pipeline: string,
  { key, fingerprint }: Keyed,
  world: World,
  fields: readonly string[],
): Result<Acceptable, Diagnostic> {
  const { id } = stage;
  const { cache } = world.project;
  if (!stage.cache) return err(problem('not-cached', `${id} has cache: false, so no result of it is kept.`));
  const earlier = world.past
    .of(pipeline, id)
    .filter((entry) => entry.ended === 'done' && entry.key !== key)
    .map((entry) => readAction(cache, entry.key))
    .findLast((record) => record !== undefined);
  if (earlier === undefined) return err(problem('no-earlier-result', `There is no earlier result of ${id}.`));
  const changes = differenceOf(
    earlier.fingerprint as unknown as Fingerprint,
    fingerprint,
    world.manifestOfCode,
  );
  const other = changes.filter(({ path: [top = ''] }) => !FREE.has(top) && !NAMED.has(top));
  if (other.length > 0) return err(otherWork(id, other));
  const unnamed = changes.filter(({ path: [top = ''] }) => NAMED.has(top)).map(({ path }) => path.join('.'));
  const missing = unnamed.filter((field) => !fields.includes(field));
  if (missing.length > 0) return err(notNamed(id, missing));
  const lost = keptOutputs(earlier).some((artifact) => firstLost(cache, artifact) !== undefined);
  if (lost)
    return err(problem('result-lost', `The earlier result of ${id} is not whole in the cache any more.`));
  const from = { key: earlier.key, run: earlier.run };
  const accepted = { from: earlier.key, run: earlier.run };
  return ok({
    acceptance: { id, key, from, changes },
    record: { ...earlier, key, fingerprint: asJson(fingerprint), accepted },
  });
}

const RUN = 'run it: warren run FILE STAGE';

function problem(code: string, message: string, hint: string = RUN): Diagnostic {
  return { code, severity: 'error', message, hint };
}

function failed(
  stage: Stage,
  { code, message, hint }: { code: string; message: string; hint?: string | undefined },
): Diagnostic {
  return problem(code, `${stage.id}: ${message}`, hint);
}

function unsettled(stage: Stage, above: StageId | undefined): Diagnostic {
  const message = `${stage.id} needs ${above ?? 'a stage'}, which has no result yet, so its own key is not known.`;
  return problem('upstream-unsettled', message, `run or accept ${above ?? 'that'} first`);
}

function otherWork(id: StageId, changes: readonly FieldChange[]): Diagnostic {
  const fields = changes.map(({ path }) => path.join('.')).join(', ');
  const message = `${id} cannot be accepted: ${fields} changed, and that is other work than the earlier result's.`;
  return problem('not-acceptable', message);
}

function notNamed(id: StageId, fields: readonly string[]): Diagnostic {
  const message = `${id} has another ${fields.join(', ')}, which is accepted only by name.`;
  return problem(
    'field-not-named',
    message,
    `if it is the same on purpose: ${fields.map((field) => `--field ${field}`).join(' ')}`,
  );
}

function idle(field: string): Diagnostic {
  const message = `--field ${field} names nothing that changed.`;
  return problem('unknown-field', message, 'warren plan FILE says what did');
}
