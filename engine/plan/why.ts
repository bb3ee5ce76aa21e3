/** @file `why STAGE`: a result's fingerprint beside the nearest earlier one, field by field. */
import type { Key, RunId, StageId } from '../../base/ids.ts';
import { type Accepted, readAction } from '../../cache/actions.ts';
import type { Because } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Project } from '../project.ts';
import { reasonsOf } from './because.ts';
import { readCode } from './code-manifest.ts';
import { differenceOf, type FieldChange } from './difference.ts';
import { fingerprintOfKey, openPast, type PastKey } from './past.ts';

interface Against {
  readonly stage: StageId;
  readonly key: Key;
  readonly run: RunId;
}

export interface Why {
  readonly stage: StageId;
  readonly key: Key;
  /** The nearest earlier key: of the same stage if it had another, else of the same kind. Null: there is none. */
  readonly against: Against | null;
  readonly because: readonly Because[];
  readonly changes: readonly FieldChange[];
  /** Set when the result was not made under this key, but accepted as the one of another. */
  readonly accepted: Accepted | undefined;
}

export interface WhyOptions {
  /** What to compare with, in place of the nearest earlier key. */
  readonly against?: Against | undefined;
  /** The stage's definition: without it inputs are named, but not their sources. */
  readonly stage?: Stage | undefined;
}

/** Explains `key` of a stage. */
export function whyKey(
  project: Project,
  pipeline: string,
  id: StageId,
  key: Key,
  options: WhyOptions = {},
): Why {
  const after = fingerprintOfKey(project, key);
  const accepted = readAction(project.cache, key)?.accepted;
  const against =
    options.against ??
    (after === undefined ? undefined : nearestBefore(project, pipeline, id, after.kind, key));
  const before = against === undefined ? undefined : fingerprintOfKey(project, against.key);
  if (after === undefined || against === undefined || before === undefined) {
    return { stage: id, key, against: null, because: [{ kind: 'new' }], changes: [], accepted };
  }
  const changes = differenceOf(before, after, (code) => readCode(project.cache, code));
  const { stage, run } = against;
  return {
    stage: id,
    key,
    against: { stage, key: against.key, run },
    because: reasonsOf(changes, options.stage),
    changes,
    accepted,
  };
}

function nearestBefore(
  project: Project,
  pipeline: string,
  id: StageId,
  kind: string,
  key: Key,
): PastKey | undefined {
  const past = openPast(project);
  const own = past.of(pipeline, id);
  const at = own.findLastIndex((entry) => entry.key === key);
  const earlier = own.slice(0, at === -1 ? own.length : at).findLast((entry) => entry.key !== key);
  return earlier ?? past.nearest(id, kind, key, own[at]);
}
