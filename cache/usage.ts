/** @file What the cache holds, for `cache du`. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Usage {
  readonly objects: { readonly count: number; readonly bytes: number };
  readonly actions: { readonly count: number; readonly bytes: number };
  readonly quarantined: { readonly count: number; readonly bytes: number };
}

/** Counts files and bytes; what disappears while counting is not counted. */
export function cacheUsage(cache: string): Usage {
  return {
    objects: measure(join(cache, 'objects')),
    actions: measure(join(cache, 'actions')),
    quarantined: measure(join(cache, 'quarantine')),
  };
}

function measure(folder: string): { count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  for (const entry of list(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const inner = measure(path);
      count += inner.count;
      bytes += inner.bytes;
    } else if (!entry.name.startsWith('.tmp-') && entry.name !== 'own.index') {
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      count += 1;
      bytes += stat.size;
    }
  }
  return { count, bytes };
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
