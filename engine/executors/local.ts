/** @file The local executor: one child process a stage, in a process group of its own. */
import type { Readable } from 'node:stream';
import { errnoOf } from '../../cache/publish.ts';
import type { Executor, Exit, Launch, Running, Sinks } from './executor.ts';
import { type Supervisor, startSupervisor } from './supervision.ts';

/** How long after a process's end its pipes may stay open by something that left its group. Milliseconds. */
const DRAIN = 1000;

export function localExecutor(): Executor {
  let supervisor: Supervisor | undefined;

  async function start(launch: Launch, sinks: Sinks): Promise<Running> {
    // Loaded when something runs for the first time: a run that has nothing to do never pays for it.
    const { execa } = await import('execa');
    supervisor ??= startSupervisor();
    const watch = supervisor;
    const [file, ...words] = launch.argv;
    const child = execa(file, words, {
      cwd: launch.cwd,
      env: { ...launch.env, WARREN_ENGINE: supervisor.token },
      extendEnv: false,
      stdio: [launch.stdin === 'open' ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
      cleanup: false,
      buffer: false,
      reject: false,
      stripFinalNewline: false,
    });
    const group = child.pid;
    if (group !== undefined) watch.add(group);
    listen(child.stdout, (chunk) => sinks.output('stdout', chunk));
    listen(child.stderr, (chunk) => sinks.output('stderr', chunk));
    listen(child.stdio[3] as Readable | null, sinks.events);
    // The end of a process is the end of its group: nothing may go on writing to outputs that are being stored.
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => {
        if (group === undefined) return;
        signalGroup(group, 'SIGKILL');
        setTimeout(resolve, DRAIN).unref();
      });
    });
    const done = Promise.race([child, exited]).then((result): Exit => {
      if (group !== undefined) {
        watch.remove(group);
        if (child.signalCode) return { kind: 'signalled', signal: child.signalCode };
        return { kind: 'exited', code: child.exitCode ?? 0 };
      }
      const error = typeof result === 'object' ? result : undefined;
      return {
        kind: 'not-started',
        code: errnoOf(error?.cause) ?? 'unknown',
        message: error?.originalMessage ?? 'the system gave no reason',
      };
    });
    return {
      done,
      terminate: () => signalGroup(group, 'SIGTERM'),
      kill: () => signalGroup(group, 'SIGKILL'),
    };
  }

  return {
    start,
    close: () => {
      supervisor?.close();
      supervisor = undefined;
    },
  };
}

function listen(stream: Readable | null, take: (chunk: string) => void): void {
  stream?.setEncoding('utf8').on('data', take);
}

function signalGroup(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {}
}
