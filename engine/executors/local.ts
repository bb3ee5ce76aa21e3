/** @file The local executor: one child process a stage, in a process group of its own, gone when the engine is. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { ok } from '../../base/result.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { Resources } from '../pipeline/graph.ts';
import type { Held, MemoryCap } from './cap/memory.ts';
import type { Executor, GpuGrant, Handle, State, Submission, Verdict } from './contract.ts';
import type { Exit, Launch } from './executor.ts';
import type { GpuPool } from './gpus/pool.ts';
import { gpuVariables } from './gpus/variables.ts';
import { type Pipe, pipeOf } from './pipe.ts';
import { isGroupAlive, processesMarked, send } from './processes.ts';
import type { LocalSettings } from './settings.ts';
import { type Supervisor, startSupervisor } from './supervision.ts';

/** How long after a process's end its pipes may stay open by something that left its group. Milliseconds. */
const DRAIN = 1000;
/** Between two looks at a group that was asked to end. Milliseconds. */
const LOOK = 30;

/** A process that runs, or has ended and was not heard out. */
interface Process {
  readonly handle: Handle;
  readonly pipes: { readonly stdout: Pipe; readonly stderr: Pipe; readonly events: Pipe };
  state: State;
  cancel(grace: number): void;
}

type Hold = (argv: Launch['argv']) => Held;

const NOBODY = { after: () => new Uint8Array() };

export function localExecutor(settings: LocalSettings): Executor {
  const processes = new Map<string, Process>();
  let supervisor: Supervisor | undefined;
  let count = 0;
  let changed: (name: string) => void = () => {};
  let opening: Promise<GpuPool> | undefined;
  /** Undefined until a stage is to be held to its memory. */
  let cap: MemoryCap | 'none' | undefined;

  /** Loaded for stages that ask for GPUs alone. */
  function gpus(): Promise<GpuPool> {
    opening ??= import('./gpus/pool.ts').then(({ openGpuPool }) => openGpuPool({ gpus: settings.gpus }));
    return opening;
  }

  async function memoryCap(): Promise<MemoryCap | 'none'> {
    cap ??= (await import('./cap/memory.ts')).findMemoryCap() ?? 'none';
    return cap;
  }

  function holdTo(bytes: number): Hold | undefined {
    const found = cap;
    if (found === undefined || found === 'none' || bytes === 0) return undefined;
    return (argv) => found.hold(argv, bytes);
  }

  async function verdictOn({ nodes, gpus: count, memory, ...rest }: Resources): Promise<Verdict> {
    if (nodes > 1) return oneNode(nodes);
    if (settings.cap_memory === true && memory > 0 && (await memoryCap()) === 'none') return NO_CAP;
    return count === 0 ? { fits: 'now' } : (await gpus()).check({ gpus: count, ...rest });
  }

  function start({ name, folder, launch, grant, resources }: Submission): Handle {
    supervisor ??= startSupervisor();
    const watch = supervisor;
    count += 1;
    const mark = `${supervisor.token}.${count}.`;
    const { child, held } = begin(launch, mark, grant, holdTo(resources.memory));
    if (child instanceof Error) {
      const handle = { name, id: 'none', folder, extra: {} };
      const pipes = { stdout: NOBODY, stderr: NOBODY, events: NOBODY };
      processes.set(name, { handle, pipes, state: ended(notStarted(child)), cancel: () => {} });
      return handle;
    }
    const group = child.pid;
    if (group !== undefined) watch.add(group);
    const process: Process = {
      handle: { name, id: String(group), folder, extra: {} },
      pipes: {
        stdout: pipeOf(child.stdout, () => changed(name)),
        stderr: pipeOf(child.stderr, () => changed(name)),
        events: pipeOf(child.stdio[3] as Readable | null, () => changed(name)),
      },
      state: { kind: 'running', since: Date.now(), gpus: grant?.uuids },
      cancel,
    };
    processes.set(name, process);
    // A stage that never reads its stdin is none of the engine's business.
    child.stdin?.on('error', () => {});
    let asked = false;
    let killed = false;
    let impatient: NodeJS.Timeout | undefined;
    function cancel(grace: number): void {
      clearTimeout(impatient);
      if (grace <= 0) {
        killed = true;
        signalGroup(group, 'SIGKILL');
        return;
      }
      asked = true;
      signalGroup(group, 'SIGTERM');
      impatient = setTimeout(cancel, grace, 0);
    }
    let closed = false;
    let over = false;
    const end = (exit: Exit): void => {
      clearTimeout(impatient);
      if (group !== undefined) watch.remove(group);
      process.state = ended(exit);
      changed(name);
    };
    const endBy = (code: number | null, signal: NodeJS.Signals | null): void => {
      const cause = held?.end() ? 'oom' : undefined;
      end(
        signal === null ? { kind: 'exited', code: code ?? 0, cause } : { kind: 'signalled', signal, cause },
      );
    };
    child.once('error', (error) => {
      if (group === undefined) end(notStarted(error));
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
      if (closed) endBy(code, signal);
      else setTimeout(endBy, DRAIN, code, signal).unref();
    });
    child.once('close', (code, signal) => {
      closed = true;
      if (over) endBy(code, signal);
    });
    return process.handle;
  }

  return {
    shown: 'local',
    capabilities: { sharedFs: true, survivesEngine: false, gang: false, arrays: false, queues: false },
    check: verdictOn,
    gpus,
    submit: (submissions) => Promise.resolve(submissions.map((each) => ok(start(each)))),
    find: (wanted) => {
      const known = wanted.flatMap(({ name }) => processes.get(name)?.handle ?? []);
      return Promise.resolve(ok(new Map(known.map((handle) => [handle.name, handle]))));
    },
    poll: (handles) => {
      const states = handles.flatMap(({ name }): [string, State][] => {
        const process = processes.get(name);
        return process === undefined ? [] : [[name, process.state]];
      });
      return Promise.resolve(new Map(states));
    },
    logs: ({ name }, from) => {
      const process = processes.get(name);
      const { stdout, stderr, events } = process?.pipes ?? { stdout: NOBODY, stderr: NOBODY, events: NOBODY };
      const chunks = {
        stdout: stdout.after(from.stdout),
        stderr: stderr.after(from.stderr),
        events: events.after(from.events),
      };
      const empty = Object.values(chunks).every(({ length }) => length === 0);
      // Nobody asks again for one that ended and was heard out.
      if (empty && process?.state.kind === 'ended') processes.delete(name);
      return Promise.resolve(chunks);
    },
    cancel: (handles, grace) => {
      for (const { name } of handles) processes.get(name)?.cancel(grace);
      return Promise.resolve();
    },
    onChange: (listen) => {
      changed = listen;
    },
    close: () => {
      supervisor?.close();
      supervisor = undefined;
      opening?.then(
        (pool) => pool.close(),
        () => {},
      );
    },
  };
}

function oneNode(nodes: number): Verdict {
  const message = `It asks for ${nodes} nodes, and the local executor has one.`;
  const hint = 'a profile with an executor of a cluster has more';
  return { fits: 'never', fault: { code: 'no-gang', message, hint, passing: false } };
}

const NO_CAP: Verdict = {
  fits: 'never',
  fault: {
    code: 'no-memory-cap',
    message: 'It is to be held to its memory, and this system has nothing for that.',
    hint: 'take cap_memory out of the profile, or see what doctor says',
    passing: false,
  },
};

/** A plain spawn: a library around it costs more than the process itself, and one stage is one process. */
function begin(
  { argv, cwd, env, stdin }: Launch,
  mark: string,
  grant: GpuGrant | undefined,
  hold: Hold | undefined,
): { readonly child: ChildProcess | Error; readonly held?: Held | undefined } {
  let held: Held | undefined;
  try {
    held = hold?.(argv);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { child: new Error(`its memory could not be limited: ${(error as Error).message}`) };
  }
  const [file, ...words] = held?.argv ?? argv;
  try {
    const child = spawn(file, words, {
      cwd,
      env: { ...env, ...gpuVariables(grant, env), WARREN_ENGINE: mark },
      stdio: [stdin === 'open' ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe', ...(grant?.files ?? [])],
      detached: true,
    });
    return { child, held };
  } catch (error) {
    // Some errors of the system are thrown at once: arguments that are too long among them.
    if (errnoOf(error) === undefined) throw error;
    held?.end();
    return { child: error as Error };
  }
}

function ended(exit: Exit): State {
  return { kind: 'ended', exit };
}

function notStarted(error: Error): Exit {
  return { kind: 'not-started', code: errnoOf(error) ?? 'unknown', message: error.message };
}

function signalGroup(group: number | undefined, signal: NodeJS.Signals): void {
  if (group !== undefined) send(-group, signal);
}
