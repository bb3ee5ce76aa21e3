/** @file `cache rm`: takes single results out of the cache, with the objects that only they need. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Key } from '../base/ids.ts';
import { ok, type Result } from '../base/result.ts';
import { alone, type Busy, objectsIn, removeRecords } from './gc/collect.ts';
import type { Litter } from './gc/litter.ts';
import { removeObject, seeObjects } from './gc/objects.ts';
import { readLeases } from './leases.ts';
import { readRecords } from './records.ts';

export interface RemovedKeys {
  readonly removed: readonly Key[];
  /** A run that is going on needs these: they stay. */
  readonly inUse: readonly Key[];
  readonly objects: Litter;
}

/** An object that another result needs, or that a run going on has touched, stays. */
export function removeKeys(cache: string, keys: ReadonlySet<Key>): Promise<Result<RemovedKeys, Busy>> {
  return alone(cache, async (clock) => {
    const { objects } = seeObjects(cache);
    const living = readLeases(cache, clock).filter(({ alive }) => alive);
    const since = Math.min(clock.now(), ...living.map(({ began }) => began - 1000));
    const trash = join(cache, 'trash', `${process.pid}-${randomBytes(6).toString('hex')}`);
    const asked = readRecords(cache).good.filter(({ record }) => keys.has(record.key));
    const gone = await removeRecords(cache, asked, trash, clock);
    const named = new Set(readRecords(cache).good.flatMap((each) => objectsIn(cache, each)));
    const freed = { count: 0, bytes: 0 };
    for (const path of new Set(gone.flatMap((each) => objectsIn(cache, each)))) {
      const seen = objects.get(path);
      if (named.has(path) || seen === undefined || seen.changed >= since) continue;
      if (!removeObject(path, seen, trash)) continue;
      freed.count += 1;
      freed.bytes += seen.size;
    }
    rmSync(trash, { recursive: true, force: true });
    const removed = gone.map(({ record }) => record.key);
    const inUse = asked.map(({ record }) => record.key).filter((key) => !removed.includes(key));
    return ok({ removed, inUse, objects: freed });
  });
}
