import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Box, inContainer } from '../../engine/executors/container.ts';
import type { Launch } from '../../engine/executors/executor.ts';
import type { ContainerRuntime } from '../../engine/pipeline/graph.ts';
import { containers, podmanOnPath, programs, running } from '../rigs/containers.ts';
import { type Workshop, workshop } from '../rigs/workshop.ts';

const rig = containers();
const IMAGE = rig?.image ?? `localhost/none@sha256:${'0'.repeat(64)}`;
const docker = rig !== undefined && programOf('docker');

function programOf(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.some((folder) => {
    try {
      return readFileSync(join(folder, name)).length > 0;
    } catch {
      return false;
    }
  });
}

function onPath(path: string, env: { readonly [name: string]: string } = {}): void {
  for (const [name, value] of Object.entries({ ...env, PATH: path })) vi.stubEnv(name, value);
}
afterEach(() => vi.unstubAllEnvs());

function inImage(run: string, more: string, files: { readonly [name: string]: string } = {}): Workshop {
  const text = JSON.stringify(run);
  return workshop({
    'p.yaml': `name: p\nstages:\n  a: { run: ${text}, out: { o: file }, container: "${IMAGE}" ${more} }\nout: { o: a.o }\n`,
    ...files,
  });
}

describe.skipIf(rig === undefined)('a command in a container', () => {
  const real = rig as NonNullable<typeof rig>;

  it('has its inputs, outputs, state and events, and the rest of the machine neither to see nor to write', async () => {
    onPath(podmanOnPath(real), { ...real.env, TOKEN: 'sesame' });
    const w = inImage(
      `cat \${in.rows} \${in.all}/*.txt > \${out.o}; echo '{"type":"note","text":"from inside"}' >&3; echo x > $WARREN_STATE/x; echo y > $TMPDIR/y
echo "$A|$TOKEN|$HOME|$TMPDIR|$PATH" >> \${out.o}; cat plain.txt >> \${out.o}; ls / /proc/net/dev >> \${out.o}; grep -c : /proc/net/dev >> \${out.o}
echo z > plain.txt; echo z > \${in.rows}; echo z > \${in.all}/new; exit 0`,
      `, in: { rows: ./sub/rows.txt, all: { one: ./sub/rows.txt } }, pass_env: [TOKEN], env: { A: "x,y \\"z\\" $HOME" }`,
      { 'sub/rows.txt': 'rows\n', 'plain.txt': 'plain\n' },
    );
    const ran = await w.run();
    expect(ran.result.outcome).toBe('done');
    expect(ran.of('stage-note').map(({ text }) => text)).toEqual(['from inside']);
    const [first, second, variables, plain, ...rest] = w.read('out/p/o').split('\n');
    expect([first, second, plain]).toEqual(['rows', 'rows', 'plain']);
    expect(variables).toMatch(/^x,y "z" \$HOME\|sesame\|(\/.*\/tmp)\|\1\|\/bin$/);
    // No network but its own loopback, and of the machine's root only what leads to its folders.
    expect(rest.at(-2)).toBe('1');
    expect(rest).not.toContain('etc/passwd');
    expect(rest).not.toContain('usr');
    expect([w.read('plain.txt'), w.read('sub/rows.txt')]).toEqual(['plain\n', 'rows\n']);
    expect(ran.of('stage-output').filter(({ text }) => text.includes('Read-only'))).toHaveLength(3);
    expect((await w.run()).actions).toEqual({ a: 'fresh' });
  });

  it('is known by the digest of its image, wherever that comes from and whatever runs it', async () => {
    onPath(podmanOnPath(real), real.env);
    const w = inImage('id -u > $' + '{out.o}', '');
    await w.run();
    const [, digest] = IMAGE.split('@');
    const elsewhere = `{ image: "mirror.example/rig@${digest}", runtime: docker, options: [--cpus, 1], network: true }`;
    const text = w.read('p.yaml');
    w.write('p.yaml', text.replace(`"${IMAGE}"`, elsewhere));
    expect((await w.run()).actions).toEqual({ a: 'fresh' });
    w.write('p.yaml', text.replace(digest as string, `sha256:${'1'.repeat(64)}`));
    expect((await w.plan()).stages[0]).toMatchObject({
      label: 'run',
      because: [{ kind: 'param', name: 'container' }],
    });
  });

  it.each(docker ? (['podman', 'docker'] as const) : (['podman'] as const))(
    'of %s ends as the command ends, gets its words unchanged, and may save its state when it is to end',
    async (runtime) => {
      onPath(podmanOnPath(real), real.env);
      const words = [
        'a b',
        "it's",
        '$HOME',
        '`id`',
        '"',
        '\\',
        '*',
        '-n',
        '',
        '; exit 9',
        'ä\nö',
        '--',
        '%s',
      ];
      const container = `container: { image: "${IMAGE}", runtime: ${runtime} }`;
      const w = workshop({
        'p.yaml': `name: p
stages:
  words: { run: [sh, -c, 'out=$1; shift; printf "<%s>" "$@" > "$out"', sh, "\${out.o}", ${words.map((word) => JSON.stringify(word.replaceAll('${', '$${'))).join(', ')}], out: { o: file }, ${container} }
  code: { run: "exit 7", out: { o: file }, ${container} }
  late: { run: "(trap 'echo child >> $WARREN_STATE/saved; exit' TERM; while :; do sleep 0.05; done) & trap 'echo saved >> $WARREN_STATE/saved; exit 3' TERM; while :; do sleep 0.05; done", out: { o: file }, ${container}, resources: { time: 1 } }
  caught: { run: "kill -9 $$", out: { o: file }, ${container}, retries: { max: 0, on: [] } }
out: { o: words.o }
`,
      });
      const ran = await w.run({ keepGoing: true });
      const failures = Object.fromEntries(ran.result.stages.map(({ id, failure }) => [id, failure]));
      expect(failures).toMatchObject({
        words: undefined,
        code: { code: 'exit-non-zero', exitCode: 7 },
        late: { code: 'timeout' },
      });
      expect(failures['caught']).toMatchObject({ exitCode: 137 });
      expect(ran.actions).toMatchObject({ words: 'ran' });
      const state = w.list('.warren/attempts').filter((key) => w.has(`.warren/attempts/${key}/state/saved`));
      expect(state).toHaveLength(1);
      expect(w.read(`.warren/attempts/${state[0]}/state/saved`).split('\n').sort()).toEqual([
        '',
        'child',
        'saved',
      ]);
    },
  );

  it('ends when whatever started it is killed, its client and the shell around it too', async () => {
    const w = workshop({ 'p.yaml': '' });
    const folder = w.path('attempt');
    for (const part of ['in', 'out', 'tmp', 'state']) mkdirSync(join(folder, part), { recursive: true });
    const path = podmanOnPath(real);
    const launch: Launch = {
      argv: ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done'],
      cwd: w.root,
      env: { TMPDIR: join(folder, 'tmp') },
      stdin: 'none',
    };
    const { argv, env } = inContainer(
      launch,
      box({ folder, state: join(folder, 'state'), outside: { ...real.env, PATH: path, HOME: w.root } }),
    );
    const [program, ...words] = argv;
    const child = spawn(program, words, { env, detached: true, stdio: ['ignore', 'pipe', 'ignore', 'pipe'] });
    const exited = new Promise((resolve) => child.on('exit', resolve));
    await Promise.race([new Promise((resolve) => child.stdout?.once('data', resolve)), exited]);
    expect(await running(real, NAME)).not.toBe('');
    process.kill(-(child.pid as number), 'SIGKILL');
    await exited;
    await vi.waitFor(async () => expect(await running(real, NAME)).toBe(''), {
      timeout: 20_000,
      interval: 100,
    });
  });

  it('tells that its image cannot be had', async () => {
    onPath(podmanOnPath(real), real.env);
    const none = `localhost:1/none@sha256:${'0'.repeat(64)}`;
    const w = workshop({
      'p.yaml': `name: p\nstages:\n  a: { run: [true], out: { o: file }, container: "${none}" }\n`,
    });
    const { failure } = (await w.run()).result.stages[0] ?? {};
    expect(failure).toMatchObject({
      code: 'container-failed',
      message: 'podman could not start the container.',
    });
  });
});

it('tells that there is no runtime', async () => {
  const w = workshop({
    'p.yaml': `name: p\nstages:\n  a: { run: [true], out: { o: file }, container: { image: "${IMAGE}", runtime: apptainer } }\n`,
  });
  const { failure } = (await w.run()).result.stages[0] ?? {};
  expect(failure).toMatchObject({
    code: 'no-container-runtime',
    message: 'There is no container runtime here: looked for apptainer.',
  });
});

const NAME = 'w-00000000000000000000-1';

function box(more: Partial<Box>): Box {
  return {
    container: {
      image: IMAGE,
      digest: 'sha256:0' as Box['container']['digest'],
      options: [],
      network: false,
    },
    runtime: undefined,
    name: NAME,
    folder: '/a',
    state: '/a/state',
    reads: [],
    own: ['TOKEN'],
    secrets: ['TOKEN'],
    late: [],
    gang: false,
    outside: {},
    ...more,
  };
}

describe('what a runtime is called with', () => {
  const TOOLS = ['id', 'env', 'sort', 'rm', 'mkdir', 'mkfifo', 'cat', 'setsid'];
  const binOf = (tool: string): string => [`/usr/bin/${tool}`, `/bin/${tool}`].find(existsSync) ?? tool;
  /** A program that prints how it was called, and runs nothing. */
  const SHOW = `printf '%s\\n' "$@"; env | sort`;

  async function called(
    runtime: ContainerRuntime | undefined,
    more: Partial<Box>,
    env: { readonly [name: string]: string } = {},
    tools: { readonly [name: string]: string } = { podman: SHOW, docker: SHOW, apptainer: SHOW },
  ): Promise<string[]> {
    const w = workshop({ 'p.yaml': '' });
    // What the machine has of runtimes is not found.
    const path = programs({
      ...Object.fromEntries(TOOLS.map((tool) => [tool, `exec ${binOf(tool)} "$@"`])),
      ...tools,
    });
    const launch: Launch = {
      argv: ['train', 'x y'],
      cwd: '/p',
      env: {
        A: 'b,c "d"',
        TMPDIR: '/a/tmp',
        PATH: '/outer',
        HOME: '/home',
        TOKEN: 'sesame',
        MASTER_PORT: '1',
      },
      stdin: 'none',
    };
    const made = inContainer(launch, box({ folder: w.root, runtime, outside: { PATH: path }, ...more }));
    expect(made.argv.join(' ')).not.toContain('sesame');
    const [program, ...words] = made.argv;
    const child = spawn(program, words, {
      env: { ...made.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ignore'],
    });
    const [out] = await Promise.all([
      child.stdout?.toArray(),
      new Promise((resolve) => child.on('exit', resolve)),
    ]);
    return (out ?? []).join('').split('\n');
  }

  it('takes the first that is there, or the one that the profile or the stage names', async () => {
    const first = await called(undefined, {}, {}, { docker: SHOW });
    expect(first[0]).toBe('run');
    expect(first).toContain('--entrypoint=/bin/sh');
    const named = await called('apptainer', {});
    expect(named.slice(0, 3)).toEqual(['exec', '--contain', '--cleanenv']);
    const container = { ...box({}).container, runtime: 'podman' as const };
    expect(await called('apptainer', { container })).toContain('--replace');
  });

  it('names GPUs, never counts them', async () => {
    const granted = { CUDA_VISIBLE_DEVICES: 'GPU-1,GPU-2' };
    expect(await called('podman', {}, granted)).toEqual(
      expect.arrayContaining([
        '--device',
        'nvidia.com/gpu=GPU-1',
        'nvidia.com/gpu=GPU-2',
        '--env=CUDA_VISIBLE_DEVICES=GPU-1,GPU-2',
      ]),
    );
    expect(await called('docker', {}, granted)).toEqual(
      expect.arrayContaining(['--gpus', '"device=GPU-1,GPU-2"']),
    );
    expect(await called('apptainer', {}, granted)).toEqual(
      expect.arrayContaining(['--nv', 'APPTAINERENV_CUDA_VISIBLE_DEVICES=GPU-1,GPU-2']),
    );
    const tools = { docker: SHOW, 'nvidia-smi': "printf '0, GPU-a\\n1, GPU-b\\n11, GPU-c\\n'" };
    expect(await called('docker', {}, { CUDA_VISIBLE_DEVICES: '1' }, tools)).toContain('"device=GPU-b"');
    expect(await called('docker', {}, {}, tools)).not.toContain('--gpus');
  });

  it('passes values of the environment as they are, and secrets by their names', async () => {
    const more = { late: ['NODE_RANK'], gang: true };
    const words = await called('podman', more, { NODE_RANK: '2' });
    expect(words).toEqual(
      expect.arrayContaining([
        '--env=A=b,c "d"',
        '--env=TOKEN',
        '--env=NODE_RANK',
        '--network=host',
        `--name=${NAME}-2`,
      ]),
    );
    expect(words).not.toContain('--env=PATH=/outer');
    const variables = await called('apptainer', more, { NODE_RANK: '2' });
    expect(variables).toEqual(
      expect.arrayContaining([
        'APPTAINERENV_A=b,c "d"',
        'APPTAINERENV_TOKEN=sesame',
        'APPTAINERENV_NODE_RANK=2',
      ]),
    );
  });

  it('has what lies in another folder after it, read-only but for its own', () => {
    const { argv } = inContainer(
      { argv: ['x'], cwd: '/p', env: {}, stdin: 'none' },
      box({
        runtime: 'podman',
        folder: '/p/.warren/1',
        state: '/p/.warren/state',
        reads: ['/data/a,b', '/p/x'],
      }),
    );
    expect(argv.filter((word) => word.startsWith('type=bind'))).toEqual([
      'type=bind,"src=/data/a,b","dst=/data/a,b",ro',
      'type=bind,src=/p,dst=/p,ro',
      'type=bind,src=/p/.warren/1,dst=/p/.warren/1',
      'type=bind,src=/p/.warren/1/in,dst=/p/.warren/1/in,ro',
      'type=bind,src=/p/.warren/state,dst=/p/.warren/state',
      'type=bind,src=/p/x,dst=/p/x,ro',
    ]);
  });
});
