/** @file `why STAGE`: a result's fingerprint beside the nearest earlier one, field by field. */
import type { Key, RunId, StageId } from '../../base/ids.ts';
import type { Because } from '../event.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { Project } from '../project.ts';
import { reasonsOf } from './because.ts';
import { differenceOf, type FieldChange } from './difference.ts';
import { fingerprintOfKey, openPast, type PastKey } from './past.ts';

export interface Why {
  readonly stage: StageId;
  readonly key: Key;
  /** The nearest earlier key: of the same stage if it had another, else of the same kind. Null: there is none. */
  readonly against: { readonly stage: StageId; readonly key: Key; readonly run: RunId } | null;
  readonly because: readonly Because[];
  readonly changes: readonly FieldChange[];
}

/** Explains `key` of a stage. Without its definition (`stage`), inputs are named but not their sources. */
export function whyKey(project: Project, pipeline: string, id: StageId, key: Key, stage?: Stage): Why {
  const after = fingerprintOfKey(project, key);
  const against = after === undefined ? undefined : nearestBefore(project, pipeline, id, after.kind, key);
  const before = against === undefined ? undefined : fingerprintOfKey(project, against.key);
  if (after === undefined || against === undefined || before === undefined) {
    return { stage: id, key, against: null, because: [{ kind: 'new' }], changes: [] };
  }
  const changes = differenceOf(before, after);
  const because = changes.flatMap((change) => reasonsOf(change, stage));
  return {
    stage: id,
    key,
    against: { stage: against.stage, key: against.key, run: against.run },
    because,
    changes,
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
  return earlier ?? past.nearest(id, kind, key);
}
