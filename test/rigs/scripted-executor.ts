/** @file An executor that does what a script says: what a scheduler may answer, in whatever order. */

import type { StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type {
  Capabilities,
  Chunks,
  Executor,
  ExecutorFault,
  Handle,
  Offsets,
  State,
  Submission,
} from '../../engine/executors/contract.ts';
import { NO_RESOURCES } from '../../engine/pipeline/graph.ts';

export interface Script {
  /** How often a submission is answered by a fault that may pass before it is taken. */
  readonly faults?: number;
  /** What each question is answered, the last one for ever; `none`: the answer leaves it out. */
  readonly states: readonly (State | 'none')[];
  readonly output?: { readonly [S in keyof Offsets]?: Uint8Array };
  /** Most bytes of a stream in one answer. */
  readonly chunk?: number;
  /** Which questions for output are not answered, by their number. */
  readonly deaf?: readonly number[];
}

export interface Scripted {
  readonly executor: Executor;
  /** Names of each call of `submit`. */
  readonly submits: string[][];
  /** Names of each call of `poll`. */
  readonly polls: string[][];
  readonly cancels: { readonly names: readonly string[]; readonly grace: number }[];
  /** Whether two questions were ever asked at a time. */
  overlapped(): boolean;
  /** Another script for a name from now on. */
  turn(name: string, script: Script): void;
  push(name: string): void;
}

interface Options extends Partial<Capabilities> {
  readonly pushes?: boolean;
  /** Why `find` cannot be asked. */
  readonly lost?: ExecutorFault;
}

export const passing = (message: string): ExecutorFault => ({
  code: 'host-unreachable',
  message,
  passing: true,
});

export function submissionOf(name: string): Submission {
  return {
    name,
    stage: name as StageId,
    kind: 'command',
    folder: `/attempts/${name}`,
    launch: { argv: ['true'], cwd: '/', env: {}, stdin: 'none' },
    secrets: [],
    resources: NO_RESOURCES,
  };
}

export function handleOf(name: string): Handle {
  return { name, id: `id-${name}`, folder: `/attempts/${name}`, extra: {} };
}

export function scriptedExecutor(
  scripts: { readonly [name: string]: Script },
  { pushes = false, lost, ...capabilities }: Options = {},
): Scripted {
  const known = new Map(Object.entries(scripts));
  const asked = new Map<string, { submits: number; polls: number; logs: number }>();
  const there = new Set<string>();
  const submits: string[][] = [];
  const polls: string[][] = [];
  const cancels: { readonly names: readonly string[]; readonly grace: number }[] = [];
  let listen: (name: string) => void = () => {};
  let inFlight = 0;
  let overlapped = false;
  const countsOf = (name: string) => {
    const counts = asked.get(name) ?? { submits: 0, polls: 0, logs: 0 };
    asked.set(name, counts);
    return counts;
  };
  const scriptOf = (name: string): Script => known.get(name) ?? { states: ['none'] };

  function submitOne({ name }: Submission): Result<Handle, ExecutorFault> {
    const counts = countsOf(name);
    counts.submits += 1;
    if (counts.submits <= (scriptOf(name).faults ?? 0)) return err(passing(`${name} was not taken.`));
    there.add(name);
    return ok(handleOf(name));
  }

  function bytesOf(name: string, stream: keyof Offsets, from: number): Uint8Array {
    const { states, output = {}, chunk = Number.POSITIVE_INFINITY } = scriptOf(name);
    const all = output[stream] ?? new Uint8Array();
    // It grows with every answer, and is whole with the last.
    const share = Math.min(1, countsOf(name).polls / states.length);
    return all.subarray(from, Math.min(Math.floor(all.length * share), from + chunk));
  }

  const executor: Executor = {
    shown: 'scripted',
    capabilities: {
      sharedFs: true,
      survivesEngine: true,
      gang: false,
      arrays: false,
      queues: true,
      ...capabilities,
    },
    check: () => Promise.resolve({ fits: 'now' }),
    submit: async (submissions) => {
      submits.push(submissions.map(({ name }) => name));
      return submissions.map(submitOne);
    },
    find: async (wanted) =>
      lost === undefined
        ? ok(
            new Map(wanted.flatMap(({ name }) => (there.has(name) ? [[name, handleOf(name)] as const] : []))),
          )
        : err(lost),
    poll: async (handles) => {
      inFlight += 1;
      overlapped ||= inFlight > 1;
      polls.push(handles.map(({ name }) => name));
      const answer = new Map<string, State>();
      for (const { name } of handles) {
        const { states } = scriptOf(name);
        const counts = countsOf(name);
        const state = states[Math.min(counts.polls, states.length - 1)] ?? 'none';
        counts.polls += 1;
        if (state !== 'none') answer.set(name, state);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
      inFlight -= 1;
      return answer;
    },
    logs: async ({ name }, from): Promise<Chunks | undefined> => {
      const counts = countsOf(name);
      counts.logs += 1;
      if (scriptOf(name).deaf?.includes(counts.logs)) return undefined;
      const chunks = {
        stdout: bytesOf(name, 'stdout', from.stdout),
        stderr: bytesOf(name, 'stderr', from.stderr),
        events: bytesOf(name, 'events', from.events),
      };
      await new Promise((resolve) => setTimeout(resolve, 1));
      return chunks;
    },
    cancel: async (handles, grace) => {
      cancels.push({ names: handles.map(({ name }) => name), grace });
    },
    close: () => {},
  };
  return {
    executor: pushes ? { ...executor, onChange: (to) => (listen = to) } : executor,
    submits,
    polls,
    cancels,
    overlapped: () => overlapped,
    turn: (name, script) => {
      known.set(name, script);
      asked.delete(name);
    },
    push: (name) => listen(name),
  };
}
