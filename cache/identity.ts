/** @file When times tell that a file is the same. */
import type { BigIntStats } from 'node:fs';

/**
 * Git's racy-clean rule: a write within the same tick of the file system's clock as the reading leaves equal times,
 * so times count only when the last write is clearly older than the reading. Whole seconds mean a coarse clock.
 */
export function isRacy(mtimeNs: bigint, readAt: number): boolean {
  const slack = mtimeNs % 1_000_000_000n === 0n ? 2000 : 50;
  return Number(mtimeNs / 1_000_000n) + slack >= readAt;
}

/** The five numbers that stand for a file's bytes: device, inode, size, mtime, ctime. */
export function identityOf(stat: BigIntStats): string {
  return `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}
