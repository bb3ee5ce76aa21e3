/** @file Attempts that Slurm or their own records know of, by name and folder. */
import { ok, type Result } from '../../../base/result.ts';
import type { ExecutorFault, Handle, Submission } from '../contract.ts';
import type { JobFiles } from '../records/files.ts';
import type { Records } from '../records/records.ts';
import type { Client } from './client.ts';
import { type Row, wordOf } from './words.ts';

type Wanted = Pick<Submission, 'name' | 'folder' | 'host'>;
export type Finder = (
  wanted: readonly Wanted[],
) => Promise<Result<ReadonlyMap<string, Handle>, ExecutorFault>>;

export function finder(client: Client, files: JobFiles): Finder {
  return async (wanted) => {
    const found = new Map<string, Handle>();
    const looks = await files.look(wanted.map(({ folder }) => folder));
    if (!looks.ok) return looks;
    const open: Named[] = [];
    wanted.forEach((each, at) => {
      const records = looks.value[at];
      const job = records?.batch?.name ?? each.name;
      // What has begun says itself which job it is.
      if (records?.start?.id !== undefined) found.set(each.name, handleOf(each, records.start.id, job));
      else open.push({ ...each, job, records });
    });
    if (open.length === 0) return ok(found);
    // An attempt of its own, then in an array, or the other way round: both names may be known.
    const names = [...new Set(open.flatMap(({ name, job }) => [name, job]))];
    const queue = await client.queue('name', names);
    if (!queue.ok) return queue;
    const rest = take(open, queue.value, found);
    if (rest.length === 0) return ok(found);
    const past = await client.accounting('name', names);
    if (!past.ok) return past;
    take(rest, past.value, found);
    return ok(found);
  };
}

interface Named extends Wanted {
  readonly job: string;
  readonly records: Records | undefined;
}

/** Those that are still wanted. */
function take(open: readonly Named[], rows: readonly Row[], found: Map<string, Handle>): Named[] {
  return open.filter((each) => {
    const own = rows.filter((row) => isOf(row, each));
    // Of several, one that goes on; else the last.
    const row = own.find((candidate) => wordOf(candidate)?.kind !== 'over') ?? own.at(-1);
    if (row === undefined) return true;
    found.set(each.name, handleOf(each, row.id, row.name));
    return false;
  });
}

/** The name is not enough: another project may have the same. That of an array follows from folders already. */
function isOf(row: Row, { name, folder, records }: Named): boolean {
  if (row.name === name) return row.folder === folder;
  const { batch } = records ?? {};
  return batch !== undefined && row.name === batch.name && row.id.endsWith(`_${batch.index}`);
}

function handleOf({ name, folder, host }: Wanted, id: string, job: string): Handle {
  return { name, id, folder, extra: { job, ...(host !== undefined && { host }) } };
}
