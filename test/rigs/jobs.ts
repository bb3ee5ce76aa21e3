/** @file Attempts for tests of executors, without a pipeline around them. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { StageId } from '../../base/ids.ts';
import type { Executor, Handle, State, Submission } from '../../engine/executors/contract.ts';
import type { Launch } from '../../engine/executors/executor.ts';
import { NO_RESOURCES, type Resources } from '../../engine/pipeline/graph.ts';

/** A folder of the test, whose name a shell would take apart. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "job's $(x) "));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Wishes {
  readonly resources?: Partial<Resources>;
  readonly env?: { readonly [name: string]: string };
  readonly secrets?: readonly string[];
  readonly stdin?: Launch['stdin'];
}

/** An attempt below `root`, laid out as the engine does it. */
export function attempt(root: string, argv: Launch['argv'], wishes: Wishes = {}): Submission {
  const { resources, env = {}, secrets = [], stdin = 'none' } = wishes;
  const key = randomBytes(10).toString('hex');
  const folder = join(root, 'attempts', key, '1');
  mkdirSync(folder, { recursive: true });
  return {
    name: `w-${key}-1`,
    stage: 'a' as StageId,
    kind: 'command',
    folder,
    launch: { argv, cwd: root, env: { PATH: process.env['PATH'] ?? '', ...env }, stdin },
    secrets,
    resources: { ...NO_RESOURCES, ...resources },
  };
}

/** A line for the shell. */
export function line(text: string): [string, ...string[]] {
  return ['/bin/sh', '-c', text];
}

/** Submits one, which is cancelled with the test if it still runs. */
export async function submitted(executor: Executor, submission: Submission): Promise<Handle> {
  const [result] = await executor.submit([submission]);
  if (result?.ok !== true) throw new Error(JSON.stringify(result?.error));
  return result.value;
}

export async function stateOf(executor: Executor, handle: Handle): Promise<State | undefined> {
  return (await executor.poll([handle])).get(handle.name);
}

/** The state of the kind that is waited for. */
export function until<K extends State['kind']>(
  executor: Executor,
  handle: Handle,
  ...kinds: readonly K[]
): Promise<Extract<State, { kind: K }>> {
  return vi.waitFor(
    async () => {
      const state = await stateOf(executor, handle);
      if (!kinds.some((kind) => kind === state?.kind)) throw new Error(`it is ${JSON.stringify(state)}`);
      return state as Extract<State, { kind: K }>;
    },
    { timeout: 50_000, interval: 50 },
  );
}
