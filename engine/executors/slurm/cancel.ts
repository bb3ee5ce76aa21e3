/** @file Ending jobs: the wrapper is told and given its grace, then Slurm ends what is left, and is asked whether it did. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handle } from '../contract.ts';
import type { JobFiles } from '../records/files.ts';
import type { Client } from './client.ts';
import { wordsOf } from './words.ts';

/** Between two looks at records. Milliseconds. */
const LOOK = 100;
/** Between two questions to Slurm. Milliseconds. */
const ASK = 1000;
/**
 * After the grace the wrapper itself ends what is left and writes its record: who kills it in that moment is left without one, and
 * has to wait for what never comes. Milliseconds.
 */
const OWN_END = 3000;
/** How long after the grace its end is waited for, and an absent controller asked again. Milliseconds. */
const CONFIRM = 60_000;

export async function cancelJobs(
  client: Client,
  files: JobFiles,
  handles: readonly Handle[],
  grace: number,
): Promise<void> {
  if (handles.length === 0) return;
  const left = await withStarted(files, await identified(client, handles));
  const ids = left.map(({ id }) => id);
  if (ids.length === 0) return;
  // First what waits, so that none of it begins in between. Exit codes of scancel say nothing.
  await client.run(['scancel', '--state=PENDING', ...ids]);
  if (grace > 0) {
    // To the wrapper alone, which hands it on: Slurm's own way has a grace of its own.
    await client.run(['scancel', '--signal=TERM', '--batch', ...ids]);
    await untilOver(client, files, left, grace + OWN_END);
  }
  const deadline = performance.now() + CONFIRM;
  let rest = await remaining(client, files, left);
  while (rest.length > 0 && performance.now() < deadline) {
    const words = rest.map(({ id }) => id);
    await client.run(['scancel', '--signal=KILL', '--full', ...words]);
    await client.run(['scancel', ...words]);
    await untilOver(client, files, rest, 5 * ASK);
    rest = await remaining(client, files, rest);
  }
}

/** A handle without an id is of a submission whose answer was lost: its name is all that is known. */
async function identified(client: Client, handles: readonly Handle[]): Promise<Handle[]> {
  const nameless = handles.filter(({ id }) => id === '');
  const known = handles.filter(({ id }) => id !== '');
  if (nameless.length === 0) return known;
  const rows = await client.queue(
    'name',
    nameless.map(({ name }) => name),
  );
  const found = rows.ok ? rows.value : [];
  return [
    ...known,
    ...nameless.flatMap((handle) =>
      found
        .filter((row) => row.name === handle.name && row.folder === handle.folder)
        .map((row) => ({ ...handle, id: row.id })),
    ),
  ];
}

/** Submitted twice after all: the first to start has the attempt, and the handle may name the other. */
async function withStarted(files: JobFiles, handles: readonly Handle[]): Promise<Handle[]> {
  const looks = await files.look(handles.map(({ folder }) => folder));
  return handles.flatMap((handle, at) => {
    const id = looks.ok ? looks.value[at]?.start?.id : undefined;
    return id === undefined || id === handle.id ? [handle] : [handle, { ...handle, id }];
  });
}

async function untilOver(
  client: Client,
  files: JobFiles,
  handles: readonly Handle[],
  most: number,
): Promise<void> {
  const deadline = performance.now() + most;
  let left = handles;
  let asked = 0;
  while (left.length > 0 && performance.now() < deadline) {
    if (performance.now() - asked >= ASK) {
      left = await remaining(client, files, left);
      asked = performance.now();
    } else left = await unrecorded(files, left);
    if (left.length > 0) await sleep(LOOK);
  }
}

/** Those without an exit record that Slurm still has, or that it could not be asked about. */
async function remaining(
  client: Client,
  files: JobFiles,
  handles: readonly Handle[],
): Promise<readonly Handle[]> {
  const left = await unrecorded(files, handles);
  if (left.length === 0) return left;
  const rows = await client.queue(
    'jobs',
    left.map(({ id }) => id.split('_')[0] ?? id),
  );
  if (!rows.ok) return left;
  const words = wordsOf(rows.value);
  return left.filter(({ id }) => {
    const word = words.get(id);
    return word?.kind === 'queued' || word?.kind === 'running';
  });
}

async function unrecorded(files: JobFiles, handles: readonly Handle[]): Promise<readonly Handle[]> {
  const looks = await files.look(handles.map(({ folder }) => folder));
  return looks.ok ? handles.filter((_, at) => looks.value[at]?.exit === undefined) : handles;
}
