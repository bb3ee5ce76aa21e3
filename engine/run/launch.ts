/** @file Makes a process out of a stage: what to call, with which environment and task file. */
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { digestBytes, hexOf } from '../../base/digest.ts';
import type { TaskFile } from '../../stages/protocol/task.ts';
import { argvOf, type PartText } from '../executors/command.ts';
import { inContainer, runtimeOf } from '../executors/container.ts';
import { strictEnvironment, variableOf } from '../executors/environment.ts';
import type { Launch } from '../executors/executor.ts';
import { nodeArguments } from '../executors/node.ts';
import { stageJson, wordText } from '../executors/numbers.ts';
import { lateVariables, rendezvous } from '../executors/rendezvous.ts';
import type { ExecutorSettings } from '../executors/settings.ts';
import type { Container, ContainerRuntime, Stage } from '../pipeline/graph.ts';
import { filesOf } from '../plan/index.ts';
import type { World } from '../plan/world.ts';
import type { Attempt } from './attempt-folder.ts';
import type { StagedInput } from './staging.ts';

/** Everything about one attempt that the process is told. */
export interface Staged {
  readonly attempt: Pick<Attempt, 'folder' | 'state'>;
  /** Attempts of this run, this one included. */
  readonly tries: number;
  readonly inputs: { readonly [name: string]: StagedInput };
  readonly outputs: { readonly [name: string]: string };
  /** Seconds between two checkpoints; undefined leaves it to the kind. */
  readonly checkpointSeconds: number | undefined;
}

/** The machine that a process starts on: this one, or a host that has all this under other paths. */
export interface Where {
  /** The folder that commands run in. */
  readonly cwd: string;
  /** Node.js and its arguments up to the host of kinds. */
  readonly runtime: readonly [string, ...string[]];
  readonly entryOf: (kind: string) => string;
  /** What PATH, HOME, USER and `pass_env` are taken from. */
  readonly own: NodeJS.ProcessEnv;
  /** Puts a file into the attempt's folder. */
  readonly write: (name: string, text: string) => void;
  /** Files and folders of the user's that the stage reads where they lie; absent where all it reads was brought. */
  readonly filesOf?: (stage: Stage) => readonly string[];
  /** What containers are run by, where it is said. */
  readonly containers: ContainerRuntime | undefined;
  /** What a container runtime of the machine finds in its environment. */
  readonly outside: NodeJS.ProcessEnv;
}

export function launchOf(stage: Stage, staged: Staged, world: Pick<World, 'threads'>, where: Where): Launch {
  const { folder } = staged.attempt;
  const strict = strictEnvironment(stage, join(folder, 'tmp'), where.own);
  const env = { ...strict, ...protocolVariables(staged) };
  where.write('params.json', `${stageJson(stage.with)}\n`);
  const { cwd } = where;
  if (stage.command !== undefined) {
    const argv = argvOf(stage.command, placeholders(stage, staged));
    // What the file sets in their place is meant.
    const all = { ...rendezvous(nameOf(folder), stage.resources), ...env };
    const launch: Launch = { argv, cwd, env: all, stdin: 'none' };
    const { container } = stage;
    return container === undefined ? launch : contained(launch, stage, container, staged, where);
  }
  where.write('task.json', JSON.stringify(taskOf(stage, staged, world, where)));
  const task = { WARREN_TASK: join(folder, 'task.json') };
  return { argv: where.runtime, cwd, env: { ...env, ...task }, stdin: 'open' };
}

/** `<key>/<n>` -> the name of its job. */
function nameOf(folder: string): string {
  return `w-${basename(dirname(folder)).slice(0, 20)}-${basename(folder)}`;
}

function contained(
  launch: Launch,
  stage: Stage,
  container: Container,
  { attempt: { folder, state } }: Staged,
  { containers, filesOf, outside }: Where,
): Launch {
  return inContainer(launch, {
    container,
    runtime: containers,
    // Two projects on one machine may make the same result.
    name: `${nameOf(folder)}-${hexOf(digestBytes(folder)).slice(0, 8)}`,
    folder,
    state,
    reads: filesOf?.(stage) ?? [],
    own: [...Object.keys(stage.env), ...stage.passEnv],
    secrets: stage.passEnv,
    late: lateVariables(stage.resources),
    gang: stage.resources.nodes > 1,
    outside,
  });
}

/** This machine. */
export function here(
  folder: string,
  attempt: Pick<Attempt, 'folder'>,
  world: World,
  settings: ExecutorSettings,
): Where {
  return {
    cwd: folder,
    // The path from here to the host is the same in the sources and in dist/.
    runtime: [process.execPath, ...nodeArguments('../../stages/host', import.meta.url)],
    entryOf: world.registry.entryOf,
    own: process.env,
    write: (name, text) => writeFileSync(join(attempt.folder, name), text),
    containers: runtimeOf(settings),
    outside: process.env,
    filesOf: (stage) => [...filesOf([stage])],
  };
}

function taskOf(
  stage: Stage,
  staged: Staged,
  { threads }: Pick<World, 'threads'>,
  { entryOf }: Where,
): TaskFile {
  const inputs = Object.entries(staged.inputs).map(([name, { path, many }]) => [name, many ?? path]);
  return {
    schema: 'warren/task/1',
    kind: stage.kind,
    entry: entryOf(stage.kind),
    in: Object.fromEntries(inputs) as TaskFile['in'],
    out: staged.outputs,
    with: stage.with,
    state: staged.attempt.state,
    checkpointSeconds: staged.checkpointSeconds,
    threads,
  };
}

/** What a process of any language finds in its environment (stages/protocol/task.ts). */
function protocolVariables({ attempt, tries, inputs, outputs, checkpointSeconds }: Staged): {
  [name: string]: string;
} {
  const env: { [name: string]: string } = {
    WARREN_PARAMS: join(attempt.folder, 'params.json'),
    WARREN_STATE: attempt.state,
    WARREN_EVENTS_FD: '3',
    WARREN_ATTEMPT: String(tries),
  };
  if (checkpointSeconds !== undefined) env['WARREN_CHECKPOINT_SECONDS'] = String(checkpointSeconds);
  for (const [name, { path }] of Object.entries(inputs)) env[`WARREN_IN_${variableOf(name)}`] = path;
  for (const [name, path] of Object.entries(outputs)) env[`WARREN_OUT_${variableOf(name)}`] = path;
  return env;
}

function placeholders(stage: Stage, { inputs, outputs }: Staged): PartText {
  return ({ ref, name }) => {
    switch (ref) {
      case 'in':
        return inputs[name]?.path ?? '';
      case 'out':
        return outputs[name] ?? unknown(stage, `out.${name}`);
      case 'with': {
        const value = stage.with[name];
        return value === undefined ? unknown(stage, `with.${name}`) : wordText(value);
      }
    }
  };
}

function unknown(stage: Stage, name: string): never {
  throw new Error(`Internal error: the command of ${stage.id} names ${name}, which it does not have`);
}
