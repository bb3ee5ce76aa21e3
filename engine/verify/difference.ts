/** @file What two makings of one output may differ in. */
import type { Json } from '../../base/json.ts';
import type { Artifact } from '../../cache/artifact.ts';

interface At {
  /** Path of the file within a folder; empty for an output that is a file itself. */
  readonly member: string;
}

export type Difference = At &
  (
    | { readonly kind: 'missing' }
    | { readonly kind: 'added' }
    | {
        readonly kind: 'form';
        readonly before: Artifact['form'] | 'dir' | 'link';
        readonly after: Artifact['form'] | 'dir' | 'link';
      }
    /** The recorded bytes are gone: only the digests tell that they differ. */
    | { readonly kind: 'lost' }
    /** Sizes, and the offset of the first byte that differs. */
    | { readonly kind: 'bytes'; readonly before: number; readonly after: number; readonly at: number }
    | {
        readonly kind: 'tensor';
        readonly tensor: string;
        /** Values that differ, of how many; null where shape or type differ. */
        readonly count: number | null;
        readonly of: number;
        /** Largest absolute difference; null where it cannot be told: a NaN, another shape, integers. */
        readonly largest: number | null;
      }
    | { readonly kind: 'field'; readonly path: string; readonly before?: Json; readonly after?: Json }
  );

/** All that differs in one file: what is beyond the limit is counted. */
export interface Found {
  readonly differences: readonly Difference[];
  readonly more: number;
  /** Numbers that differ by no more than the tolerance. */
  readonly within: number;
}

export const NOTHING: Found = { differences: [], more: 0, within: 0 };

/** Shown of one file. */
export const MOST = 20;

/** Whether two numbers are as good as equal: `tolerance` is absolute up to 1 and relative beyond. */
export function isWithin(before: number, after: number, tolerance: number): boolean {
  return Math.abs(before - after) <= tolerance * Math.max(1, Math.abs(before));
}
