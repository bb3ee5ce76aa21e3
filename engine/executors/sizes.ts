/** @file Sizes of memory in the words of faults. */

/** For people, to a tenth. */
export function gibibytes(bytes: number): number {
  return Number((bytes / 2 ** 30).toFixed(1));
}
