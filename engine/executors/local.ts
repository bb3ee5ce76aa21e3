/** @file The local executor: one child process a stage, in a process group of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '../../cache/publish.ts';
import type { Executor, Exit, Launch, Running, Sinks } from './executor.ts';
import { isGroupAlive, processesMarked, send } from './processes.ts';
import { type Supervisor, startSupervisor } from './supervision.ts';

/** How long after a process's end its pipes may stay open by something that left its group. Milliseconds. */
const DRAIN = 1000;
/** Between two looks at a group that was asked to end. Milliseconds. */
const LOOK = 30;

export function localExecutor(): Executor {
  let supervisor: Supervisor | undefined;
  let count = 0;

  function start(launch: Launch, sinks: Sinks): Promise<Running> {
    supervisor ??= startSupervisor();
    const watch = supervisor;
    count += 1;
    const mark = `${supervisor.token}.${count}.`;
    const child = begin(launch, mark);
    if (child instanceof Error) return Promise.resolve(neverStarted(child));
    const group = child.pid;
    if (group !== undefined) watch.add(group);
    listen(child.stdout, (chunk) => sinks.output('stdout', chunk));
    listen(child.stderr, (chunk) => sinks.output('stderr', chunk));
    listen(child.stdio[3] as Readable | null, sinks.events);
    // A stage that never reads its stdin is none of the engine's business.
    child.stdin?.on('error', () => {});
    let asked = false;
    let killed = false;
    const done = new Promise<Exit>((resolve) => {
      let closed = false;
      let over = false;
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        if (group !== undefined) watch.remove(group);
        resolve(signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal });
      };
      child.once('error', (error) => {
        if (group === undefined) resolve(notStarted(error));
      });
      // The end of a process is the end of its group: nothing may go on writing to outputs that are being stored.
      child.once('exit', async (code, signal) => {
        // A shell that was asked to end does so at once; what it started may still be saving its state.
        while (asked && !killed && group !== undefined && isGroupAlive(group)) await sleep(LOOK);
        signalGroup(group, 'SIGKILL');
        if (asked || killed || code !== 0) {
          for (const pid of processesMarked(`WARREN_ENGINE=${mark}`)) send(pid, 'SIGKILL');
        }
        over = true;
        if (closed) end(code, signal);
        else setTimeout(end, DRAIN, code, signal).unref();
      });
      child.once('close', (code, signal) => {
        closed = true;
        if (over) end(code, signal);
      });
    });
    return Promise.resolve({
      done,
      terminate: () => {
        asked = true;
        signalGroup(group, 'SIGTERM');
      },
      kill: () => {
        killed = true;
        signalGroup(group, 'SIGKILL');
      },
    });
  }

  return {
    start,
    close: () => {
      supervisor?.close();
      supervisor = undefined;
    },
  };
}

/** A plain spawn: a library around it costs more than the process itself, and one stage is one process. */
function begin({ argv, cwd, env, stdin }: Launch, mark: string): ChildProcess | Error {
  const [file, ...words] = argv;
  try {
    return spawn(file, words, {
      cwd,
      env: { ...env, WARREN_ENGINE: mark },
      stdio: [stdin === 'open' ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
  } catch (error) {
    // Some errors of the system are thrown at once: arguments that are too long among them.
    if (errnoOf(error) === undefined) throw error;
    return error as Error;
  }
}

function notStarted(error: Error): Exit {
  return { kind: 'not-started', code: errnoOf(error) ?? 'unknown', message: error.message };
}

function neverStarted(error: Error): Running {
  const nobody = (): void => {};
  return { done: Promise.resolve(notStarted(error)), terminate: nobody, kill: nobody };
}

function listen(stream: Readable | null, take: (chunk: string) => void): void {
  stream?.setEncoding('utf8').on('data', take);
}

function signalGroup(group: number | undefined, signal: NodeJS.Signals): void {
  if (group !== undefined) send(-group, signal);
}
