/** @file Puts a launch into a container: a launch again, so that any executor can start it. */
import type { Container, ContainerRuntime } from '../pipeline/graph.ts';
import { CONTAINER_RUNTIMES } from '../pipeline/graph.ts';
import { INSIDE, LAUNCHER } from './container-script.ts';
import type { Launch } from './executor.ts';
import type { ExecutorSettings } from './settings.ts';

/** Everything about a stage and its place that its container is made from. */
export interface Box {
  readonly container: Container;
  /** What the profile chooses; a runtime that the stage names comes first. */
  readonly runtime: ContainerRuntime | undefined;
  /** Of the container: one on the machine. */
  readonly name: string;
  /** The attempt's folder, which the command may write to, but for `in/`. */
  readonly folder: string;
  readonly state: string;
  /** Files and folders of the user's that lie elsewhere. */
  readonly reads: readonly string[];
  /** Variables of `env` and `pass_env`: their PATH and HOME are meant for the container. */
  readonly own: readonly string[];
  /** Of these, those whose values stand in no command. */
  readonly secrets: readonly string[];
  /** Variables that come to be where the command is started. */
  readonly late: readonly string[];
  /** It talks to other machines. */
  readonly gang: boolean;
  /** The environment of the place, for the runtime itself. */
  readonly outside: NodeJS.ProcessEnv;
}

/** What a profile chooses. */
export function runtimeOf(settings: ExecutorSettings): ContainerRuntime | undefined {
  return 'container' in settings ? settings.container : undefined;
}

/** What a runtime is told by its environment. */
const OF_RUNTIMES = [
  'PATH',
  'HOME',
  'USER',
  'XDG_RUNTIME_DIR',
  'CONTAINERS_CONF',
  'CONTAINER_HOST',
  'DOCKER_HOST',
  'DOCKER_CONFIG',
  'DOCKER_CONTEXT',
  'APPTAINER_CACHEDIR',
  'APPTAINER_TMPDIR',
];

export function inContainer(launch: Launch, box: Box): Launch {
  const { container, folder, name } = box;
  const runtime = container.runtime ?? box.runtime;
  const flags = (runtime === undefined ? CONTAINER_RUNTIMES : [runtime]).flatMap((each) => {
    const words = FLAGS[each](launch, box);
    return [each, String(words.length), ...words];
  });
  const words = ['-c', INSIDE, 'inside', ...launch.argv];
  const argv = ['-c', LAUNCHER, 'launcher', folder, name, String(words.length), ...flags, '--', ...words];
  return { argv: ['/bin/sh', ...argv], cwd: launch.cwd, env: outside(launch, box), stdin: 'none' };
}

const FLAGS: { readonly [R in ContainerRuntime]: (launch: Launch, box: Box) => readonly string[] } = {
  podman: (launch, box) => ['--rm', ...dockerFlags(launch, box)],
  docker: dockerFlags,
  apptainer: (launch, box) => [
    ...variables(launch, box),
    'exec',
    '--contain',
    '--cleanenv',
    `--home=${launch.env['TMPDIR']}`,
    `--pwd=${launch.cwd}`,
    ...mounts(launch, box),
    ...box.container.options,
    `docker://${box.container.image}`,
    '/bin/sh',
  ],
};

function dockerFlags(launch: Launch, box: Box): readonly string[] {
  const { container, gang } = box;
  return [
    // The client has its output already; a daemon would keep all of it.
    '--log-driver=none',
    `--network=${container.network || gang ? 'host' : 'none'}`,
    // Data loaders hand tensors over in shared memory, of which a container's own has 64 MiB.
    '--ipc=host',
    '--security-opt=label=disable',
    `--workdir=${launch.cwd}`,
    ...mounts(launch, box),
    ...variables(launch, box).map((variable) => `--env=${variable}`),
    ...container.options,
    '--entrypoint=/bin/sh',
    container.image,
  ];
}

/** Under the paths they have outside; what lies in another comes after it. */
function mounts({ cwd }: Launch, { folder, state, reads }: Box): string[] {
  const all = new Map<string, boolean>([...reads, cwd].map((path) => [path, false]));
  all.set(folder, true).set(state, true).set(`${folder}/in`, false);
  return [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([path, write]) => {
      const fields = ['type=bind', `src=${path}`, `dst=${path}`, ...(write ? [] : ['ro'])];
      return ['--mount', fields.map(csv).join(',')];
    });
}

function csv(field: string): string {
  return /[",\n\r]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** `NAME=value`, or a name whose value is found where the runtime is started. */
function variables({ env }: Launch, { own, secrets, late }: Box): string[] {
  const given = Object.entries(env).flatMap(([name, value]) => {
    if (secrets.includes(name)) return [name];
    // Those of the machine say nothing inside.
    if ((name === 'PATH' || name === 'HOME') && !own.includes(name)) return [];
    return late.includes(name) ? [] : [`${name}=${value}`];
  });
  const home = own.includes('HOME') ? [] : [`HOME=${env['TMPDIR']}`];
  // The mark by which whatever is left of a stage is found.
  return [...given, ...home, ...late, 'WARREN_ENGINE'];
}

function outside({ env }: Launch, { secrets, outside: place }: Box): Launch['env'] {
  const own: { [name: string]: string } = {};
  for (const name of OF_RUNTIMES) {
    const value = place[name];
    if (value !== undefined) own[name] = value;
  }
  for (const name of secrets) {
    const value = env[name];
    if (value !== undefined) own[name] = value;
  }
  return own;
}
