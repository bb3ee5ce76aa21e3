/** @file What people call a key: the stage and pipeline that had it last, in whichever project. */
import type { Key, StageId } from '../base/ids.ts';
import type { Root } from './roots.ts';

export interface Called {
  readonly stage: StageId | null;
  readonly pipeline: string | null;
}

/** Nulls for a key that no run named, or whose runs were forgotten. */
export function namesOf(roots: readonly Root[]): (key: Key) => Called {
  const names = new Map<Key, Called>();
  for (const { pipeline, keys } of roots.toSorted((a, b) => a.at - b.at)) {
    for (const [key, stage] of keys) names.set(key, { stage, pipeline });
  }
  return (key) => names.get(key) ?? { stage: null, pipeline: null };
}
