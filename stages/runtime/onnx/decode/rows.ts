/** @file Which cache row holds which live sequence. Rows in use are always 0 .. used-1, so that a pass reads no hole. */
import type { Step } from './search.ts';

/** The rows of one search's live sequences, in their order. */
export interface Placed {
  rows: number[];
  /** Tokens in each of its rows. */
  length: number;
}

export type CopyRow = (from: number, to: number, length: number) => void;

/**
 * Moves searches to their next sequences. A sequence's first continuation keeps its row, further ones get copies in rows
 * that fell free or at the end. Then the last rows move into the holes. Gives the number of rows in use.
 */
export function placeRows(
  changes: readonly { readonly one: Placed; readonly steps: readonly Step[] }[],
  all: Iterable<Placed>,
  used: number,
  copy: CopyRow,
): number {
  const holes: number[] = [];
  const forks: { search: Placed; place: number; from: number }[] = [];
  for (const { one: search, steps } of changes) {
    const before = search.rows;
    const kept = new Set<number>();
    search.rows = steps.map(({ parent }, place) => {
      const row = before[parent] as number;
      if (!kept.has(row)) {
        kept.add(row);
        return row;
      }
      forks.push({ search, place, from: row });
      return -1;
    });
    for (const row of new Set(before)) if (!kept.has(row)) holes.push(row);
  }
  // All rows that fall free are known before any is filled: none still waits to be copied from.
  let end = used;
  for (const { search, place, from } of forks) {
    const to = holes.pop() ?? end++;
    copy(from, to, search.length);
    search.rows[place] = to;
  }
  return compact(holes, all, end, copy);
}

function compact(holes: number[], all: Iterable<Placed>, used: number, copy: CopyRow): number {
  if (holes.length === 0) return used;
  const owner = new Map<number, { search: Placed; place: number }>();
  for (const search of all) {
    search.rows.forEach((row, place) => {
      owner.set(row, { search, place });
    });
  }
  let end = used;
  for (const hole of holes.sort((a, b) => a - b)) {
    while (end > hole && !owner.has(end - 1)) end--;
    if (end <= hole) break;
    const { search, place } = owner.get(end - 1) as { search: Placed; place: number };
    copy(end - 1, hole, search.length);
    search.rows[place] = hole;
    end--;
  }
  return end;
}
