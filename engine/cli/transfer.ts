/** @file What `push` and `pull` share: the pipeline, the remote, and how far it is. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { openRemote } from '../../cache/remotes/open.ts';
import type { Remote, RemoteFault } from '../../cache/remotes/remote.ts';
import type { Event } from '../event.ts';
import { type LockFile, readLockFile } from '../lock/file.ts';
import { type GraphIndex, indexGraph } from '../plan/index.ts';
import { findProject, type Project } from '../project.ts';
import { transferLine } from '../report/transfer.ts';
import { type Call, refuse, warn, writeLines } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { loadTargets } from './load.ts';
import { remoteNamed } from './remote-place.ts';
import type { OverrideOptions } from './values.ts';

export interface TransferOptions extends OverrideOptions {
  readonly remote?: string;
  readonly dryRun?: boolean;
  readonly threads?: number;
}

export interface Opened {
  readonly index: GraphIndex;
  readonly project: Project;
  readonly lock: LockFile;
  readonly targets: readonly StageId[];
  readonly remote: Remote;
}

/** People wait for these: a slow remote is given its time, and a short failure is sat out. */
const PATIENCE = { tries: 6, wait: 30_000 };
/** Milliseconds between two lines of progress. */
const BEAT = 2000;

export async function openTransfer(
  call: Call,
  file: string,
  stages: readonly string[],
  options: TransferOptions,
): Promise<Result<Opened, ExitCode>> {
  const loaded = await loadTargets(call, file, stages, options);
  if (!loaded.ok) return loaded;
  const { graph, targets } = loaded.value;
  const project = findProject(graph.file);
  const place = await remoteNamed(project, options.remote);
  if (!place.ok) return err(refuse(call, place.error));
  const remote = await openRemote(place.value, process.env, PATIENCE);
  if (!remote.ok) return err(failed(call, [remote.error]));
  const lock = await readLockFile(graph.file);
  if (lock.problem !== undefined && !call.quiet) warn(call, [lock.problem]);
  return ok({ index: indexGraph(graph), project, lock, targets, remote: remote.value });
}

/** The remote, not the call, is at fault. */
export function failed(call: Call, faults: readonly RemoteFault[]): ExitCode {
  refuse(
    call,
    faults.map(({ code, message, hint }): Diagnostic => ({ code, severity: 'error', message, hint })),
  );
  return EXIT.failed;
}

/** Shows a transfer on stderr, a line now and then. */
export function showTransfer(call: Call): (event: Event) => void {
  let said = performance.now();
  return (event) => {
    if (event.type !== 'transfer' || call.quiet || event.done) return;
    if (performance.now() - said < BEAT) return;
    said = performance.now();
    writeLines(process.stderr, call, [transferLine(event)]);
  };
}
