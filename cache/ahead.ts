/** @file Hashes what is large and not known yet, several files at once, so that pinning finds it in the memo. */
import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { digestOnThread, LARGE } from '../base/threads.ts';
import type { Memo } from './memo.ts';
import { errnoOf } from './publish.ts';

interface Unknown {
  readonly path: string;
  readonly stat: BigIntStats;
}

/** A folder with more names than this holds no few large files, and a second look at it would cost. */
const FEW = 256;

/** Of folders only what is directly in them is looked at. What cannot be read is left for pinning to report. */
export async function hashAhead(paths: Iterable<string>, memo: Memo): Promise<void> {
  const unknown = [...new Set(paths)].flatMap((path) => largeAt(path, memo));
  // One file is one stream of bytes: no second thread could help.
  if (unknown.length < 2) return;
  const readAt = Date.now();
  await Promise.all(
    shares(unknown).map(async (share) => {
      try {
        const digests = await digestOnThread(share.map(({ path }) => path));
        for (const [i, digest] of digests.entries()) memo.record((share[i] as Unknown).stat, digest, readAt);
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
      }
    }),
  );
}

function largeAt(path: string, memo: Memo): Unknown[] {
  try {
    const stat = statSync(path, { bigint: true });
    const names = stat.isDirectory() ? readdirSync(path) : undefined;
    if (names === undefined) return isUnknown(stat, memo) ? [{ path, stat }] : [];
    if (names.length > FEW) return [];
    return names
      .map((name) => ({ path: join(path, name), stat: statSync(join(path, name), { bigint: true }) }))
      .filter((member) => isUnknown(member.stat, memo));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

function isUnknown(stat: BigIntStats, memo: Memo): boolean {
  return stat.isFile() && stat.size >= LARGE && memo.lookup(stat) === undefined;
}

/** One list a thread, of about the same size: the largest file left goes to the shortest list. */
function shares(files: readonly Unknown[]): Unknown[][] {
  const lists = Array.from({ length: Math.min(availableParallelism(), files.length) }, () => ({
    bytes: 0n,
    files: [] as Unknown[],
  }));
  for (const file of files.toSorted((a, b) => Number(b.stat.size - a.stat.size))) {
    const least = lists.reduce((best, list) => (list.bytes < best.bytes ? list : best));
    least.files.push(file);
    least.bytes += file.stat.size;
  }
  return lists.map((list) => list.files);
}
