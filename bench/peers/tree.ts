/** @file The same work for every engine: a binary tree in which each stage joins what the two below it wrote. */
import type { Timed } from '../measure/command.ts';

/** Stages below `i`; none for a leaf, which reads the seed file. */
export function below(i: number, size: number): number[] {
  return [2 * i + 1, 2 * i + 2].filter((child) => child < size);
}

export const SEED_FILE = 'seed.txt';

/**
 * The shell command of stage `i`, and the source files it reads. Both peers take the stages below into account by their
 * dependencies, so an inner stage needs to name no file, which is their faster way.
 */
export function work(
  i: number,
  size: number,
): { readonly sources: readonly string[]; readonly command: string } {
  const children = below(i, size);
  const reads = children.length === 0 ? [SEED_FILE] : children.map((child) => `out/s${child}.txt`);
  return {
    sources: children.length === 0 ? reads : [],
    command: `cat ${reads.join(' ')} > out/s${i}.txt; echo ${i} >> out/s${i}.txt`,
  };
}

export interface TreeEngine {
  readonly name: string;
  readonly version: string;
  /** Writes the project into an empty folder. */
  write(folder: string, size: number): Promise<void>;
  /** Brings the root up to date. */
  run(folder: string): Promise<Timed>;
}
