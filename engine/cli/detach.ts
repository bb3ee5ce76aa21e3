/** @file `run --detach`: the same program in a session of its own, with its journal as its voice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunId } from '../../base/ids.ts';
import { readOwner } from '../../cache/owner.ts';
import { errnoOf } from '../../cache/publish.ts';
import { findProject, type Project } from '../project.ts';
import { line, span } from '../report/line.ts';
import { runFolder } from '../run/journal.ts';
import { answer, type Call, refuseCall } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { runIds, startOf } from './history.ts';

interface DetachDocument {
  readonly schema: 'warren/detach/1';
  readonly run: RunId;
  readonly pid: number;
  /** What the engine says besides its journal: `stdout.txt` and `stderr.txt`. */
  readonly folder: string;
}

/** How often the journal is looked for. */
const LOOK_MS = 25;

/** Answers once the run has begun; a call that comes to an end before is shown as if it had not been detached. */
export async function detach(
  call: Call,
  file: string,
  { frozen }: { readonly frozen?: boolean },
): Promise<ExitCode> {
  if (frozen) {
    const hint = 'call it without --detach: it runs nothing, so it is soon done';
    return refuseCall(call, 'bad-option', '--detach and --frozen do not go together.', hint);
  }
  const project = findProject(resolve(call.cwd, file));
  const began = new Set(runIds(project));
  const said = mkdtempSync(join(existsSync(project.home) ? project.home : tmpdir(), 'detach-'));
  const [out, error] = [openVoice(said, 'stdout'), openVoice(said, 'stderr')] as const;
  const child = spawn(
    process.execPath,
    [...process.execArgv, process.argv[1] as string, ...ownArgs(call.args)],
    { cwd: call.cwd, detached: true, stdio: ['ignore', out.file, error.file] },
  );
  // Nobody else knows of it yet: who stops waiting for it stops it.
  const pass = (): void => void child.kill('SIGTERM');
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, pass);
  const ended = endOf(child);
  try {
    for (;;) {
      const end = await Promise.race([ended, pause(LOOK_MS)]);
      process.stderr.write(error.more());
      const run = runOf(project, began, child.pid);
      if (run !== undefined && end === undefined) return announce(call, project, run, child, said);
      if (end === undefined) continue;
      process.stdout.write(out.more());
      process.stderr.write(error.more());
      rmSync(said, { recursive: true, force: true });
      return end;
    }
  } finally {
    for (const signal of signals) process.off(signal, pass);
    out.close();
    error.close();
  }
}

function announce(call: Call, project: Project, run: RunId, child: ChildProcess, said: string): ExitCode {
  const folder = keepVoice(said, runFolder(project, run));
  child.unref();
  const document: DetachDocument = { schema: 'warren/detach/1', run, pid: child.pid ?? 0, folder };
  answer(call, document, () =>
    call.quiet
      ? []
      : [
          [span('detached ', 'good'), span(`run ${run}`)],
          line(`  warren status ${run}  shows where it stands`, 'dim'),
          line('  warren logs -f STAGE  follows what a stage prints', 'dim'),
          line(`  warren cancel ${run}  ends it`, 'dim'),
        ],
  );
  return EXIT.done;
}

/** What the engine says besides its journal lies with it, unless that is another file system. */
function keepVoice(said: string, folder: string): string {
  try {
    for (const name of ['stdout.txt', 'stderr.txt']) renameSync(join(said, name), join(folder, name));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return said;
  }
  rmSync(said, { recursive: true, force: true });
  return folder;
}

/** The run of this process, as soon as its journal has begun. */
function runOf(project: Project, before: ReadonlySet<RunId>, pid: number | undefined): RunId | undefined {
  return runIds(project).find((id) => {
    if (before.has(id)) return false;
    const owner = readOwner(join(runFolder(project, id), 'owner.json'));
    return owner?.pid === pid && startOf(project, id) !== undefined;
  });
}

/** The words of the call for a process that stands where this one went to. */
function ownArgs(args: readonly string[]): string[] {
  const own: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === '--cwd') at += 1;
    else if (arg !== '--detach' && !arg.startsWith('--cwd=')) own.push(arg);
  }
  return own;
}

function endOf(child: ChildProcess): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve((code ?? EXIT.interrupted) as ExitCode));
  });
}

/** A file that the process writes and this one reads on from. */
function openVoice(folder: string, name: string): { readonly file: number; more(): string; close(): void } {
  const path = join(folder, `${name}.txt`);
  const file = openSync(path, 'a');
  const own = openSync(path, 'r');
  const chunk = Buffer.alloc(1 << 16);
  return {
    file,
    more: () => {
      let text = '';
      for (let read = readSync(own, chunk); read > 0; read = readSync(own, chunk)) {
        text += chunk.toString('utf8', 0, read);
      }
      return text;
    },
    close: () => {
      closeSync(file);
      closeSync(own);
    },
  };
}
