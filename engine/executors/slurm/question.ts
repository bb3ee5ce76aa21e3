/** @file What becomes of jobs: the queue is asked about all, accounting about those that it does not show any more. */
import type { Handle } from '../contract.ts';
import type { Word } from '../records/state.ts';
import type { Client } from './client.ts';
import { wordsOf } from './words.ts';

/** An answer for each, by name. */
export async function slurmWords(client: Client, handles: readonly Handle[]): Promise<Map<string, Word>> {
  const words = new Map<string, Word>();
  const all = (kind: Word): Map<string, Word> => new Map(handles.map(({ name }) => [name, kind]));
  const bases = [...new Set(handles.map(({ id }) => baseOf(id)))];
  const queue = await client.queue('jobs', bases);
  if (!queue.ok) return all({ kind: 'silent', why: queue.error.message });
  const known = wordsOf(queue.value);
  // Of tasks that were cancelled while they waited, the one row of their array is all that is left.
  for (const { id } of handles) {
    const array = known.get(baseOf(id));
    if (!known.has(id) && array?.kind === 'over') known.set(id, array);
  }
  const gone = handles.filter(({ id }) => !known.has(id));
  const accounting =
    gone.length === 0
      ? undefined
      : await client.accounting(
          'jobs',
          gone.map(({ id }) => id),
        );
  const past = wordsOf(accounting?.ok === true ? accounting.value : []);
  // The queue does not tell codes, and they matter only where a job ended without a record of its own.
  const ended = handles.filter(({ id }) => {
    const word = known.get(id);
    return word?.kind === 'over' && word.cause === undefined;
  });
  const details =
    ended.length === 0 ? undefined : await client.details([...new Set(ended.map(({ id }) => baseOf(id)))]);
  const exact = wordsOf(details?.ok === true ? details.value : []);
  for (const { name, id } of handles) {
    const word = exact.get(id) ?? known.get(id) ?? past.get(id);
    if (word !== undefined) words.set(name, word);
    else if (accounting?.ok === false) words.set(name, { kind: 'silent', why: accounting.error.message });
    else words.set(name, { kind: 'nobody' });
  }
  return words;
}

/** `6_3` -> `6` */
function baseOf(id: string): string {
  return id.split('_')[0] ?? id;
}
