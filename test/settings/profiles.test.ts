import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StageId } from '../../base/ids.ts';
import { NO_RESOURCES } from '../../engine/pipeline/graph.ts';
import type { Project } from '../../engine/project.ts';
import {
  chooseProfile,
  type PlaceOfStage,
  placeOf,
  profilesFrom,
  strayOverrides,
} from '../../engine/settings/profiles.ts';
import { readSettings, type Settings } from '../../engine/settings/settings.ts';

type Read = Awaited<ReturnType<typeof readSettings>>;

function read(text: string): { readonly root: string; readonly settings: Promise<Read> } {
  const root = mkdtempSync(join(tmpdir(), 'profiles-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'warren.yaml'), text);
  const project: Project = { root, home: join(root, '.warren'), cache: join(root, '.warren/cache') };
  return { root, settings: readSettings(project) };
}

async function good(text: string): Promise<Settings & { readonly root: string }> {
  const { root, settings } = read(text);
  const found = await settings;
  if (!found.ok) throw new Error(JSON.stringify(found.error, null, 1));
  return { ...found.value, root };
}

const ASKED = { ...NO_RESOURCES, gpus: 1, time: 60 };

function place(settings: Settings, chosen: string, id: string, kind = 'sft'): PlaceOfStage {
  return placeOf(settings.profiles, chosen, { id: id as StageId, kind, resources: ASKED });
}

const FULL = `
profile: cluster
profiles:
  local: { executor: local, cpus: 2.5, memory: 8G, gpus: [0, GPU-1a], cap_memory: true }
  lab:
    executor: ssh
    hosts: [gpu1, { host: me@gpu2, cpus: 8, memory: 40G, gpus: none }]
    config: ./ssh.conf
    root: ~/scratch/warren
    node: /opt/node/bin/node
  cluster:
    executor: slurm
    via: login
    config: ~/.ssh/other
    partition: gpu,long
    account: alignment
    qos: high
    flags: [--exclusive, -C, 80]
    gpu_types: { h100: 80G }
    array: 50
    jobs: 20
    resources: { time: 4h, memory: 16G, cpus: 4 }
    kinds:
      sft: { partition: big, resources: { gpus: 2, gpu_type: h100 } }
      hh: { profile: local }
    stages:
      judge: { profile: lab, resources: { memory: 1G } }
      judge[seed=2]: { qos: low }
  any:
    executor: command
    submit: [./submit.sh, x, [-l, "mem={memory_mb}M"], "{script}"]
    id: job (\\d+)
    poll: [qstat]
    states: { dr: cancelled }
    cancel: [qdel, "{ids}"]
    find: [qstat, "{names}"]
  kube: { executor: kubernetes, url: "https://k8s:6443/", namespace: w, image: busybox, claim: files, mount: /work }
  ray: { executor: ray, url: "http://head:8265" }
`;

describe('profiles of warren.yaml', () => {
  it('are read with sizes, absolute paths, and only what is written', async () => {
    const { profiles, profile, root } = await good(FULL);
    expect(profile).toBe('cluster');
    expect(Object.fromEntries([...profiles].map(([name, { settings }]) => [name, settings]))).toEqual({
      local: { executor: 'local', cpus: 2.5, memory: 8 * 2 ** 30, gpus: ['0', 'GPU-1a'], cap_memory: true },
      lab: {
        executor: 'ssh',
        hosts: [{ host: 'gpu1' }, { host: 'me@gpu2', cpus: 8, memory: 40 * 2 ** 30, gpus: 'none' }],
        config: join(root, 'ssh.conf'),
        root: '~/scratch/warren',
        node: '/opt/node/bin/node',
      },
      cluster: {
        executor: 'slurm',
        via: { host: 'login' },
        config: join(homedir(), '.ssh/other'),
        partition: 'gpu,long',
        account: 'alignment',
        qos: 'high',
        flags: ['--exclusive', '-C', '80'],
        gpu_types: { h100: 80 * 2 ** 30 },
        array: 50,
      },
      any: {
        executor: 'command',
        submit: [join(root, 'submit.sh'), 'x', ['-l', 'mem={memory_mb}M'], '{script}'],
        id: 'job (\\d+)',
        poll: ['qstat'],
        states: { dr: 'cancelled' },
        cancel: ['qdel', '{ids}'],
        find: ['qstat', '{names}'],
      },
      kube: {
        executor: 'kubernetes',
        url: 'https://k8s:6443',
        namespace: 'w',
        image: 'busybox',
        claim: 'files',
        mount: '/work',
      },
      ray: { executor: 'ray', url: 'http://head:8265' },
    });
    expect(profiles.get('cluster')?.resources).toEqual({ time: 14_400, memory: 16 * 2 ** 30, cpus: 4 });
    expect([profiles.get('cluster')?.jobs, profiles.get('lab')?.jobs]).toEqual([20, undefined]);
  });

  it.each(['local: { executor: local, jobs: 3 }', 'c: { executor: slurm, jobs: 0 }'])(
    'refuse %s',
    async (text) => {
      expect((await read(`profiles: { ${text} }\n`).settings).ok).toBe(false);
    },
  );

  it('fill what a stage leaves open; an override by kind wins over the stage, one by stage over its kind', async () => {
    const settings = await good(FULL);
    expect(place(settings, 'cluster', 'other', 'rrhf')).toMatchObject({
      profile: 'cluster',
      settings: { partition: 'gpu,long' },
      resources: { cpus: 4, gpus: 1, memory: 16 * 2 ** 30, time: 60 },
    });
    expect(place(settings, 'cluster', 'one')).toMatchObject({
      settings: { partition: 'big', qos: 'high' },
      resources: { gpus: 2, gpuType: 'h100' },
    });
    expect(place(settings, 'cluster', 'judge[seed=1]')).toMatchObject({
      profile: 'lab',
      settings: { executor: 'ssh' },
      resources: { cpus: 0, memory: 2 ** 30 },
    });
    expect(place(settings, 'cluster', 'judge[seed=2]')).toMatchObject({
      profile: 'cluster',
      settings: { qos: 'low', partition: 'gpu,long' },
    });
    expect(place(settings, 'cluster', 'data', 'hh')).toMatchObject({ profile: 'local' });
    const names = [...profilesFrom(settings.profiles, 'cluster')].map(({ name }) => name);
    expect(names).toEqual(['cluster', 'local', 'lab']);
  });

  it('of several words for a stage take its own, then the longest, however they are written down', async () => {
    const words = ['beaver', 'beaver/sft', 'beaver/sft[seed=1]'];
    for (const order of [words, [...words].reverse()]) {
      const lines = order.map((word) => `      "${word}": { qos: q${word.length} }`).join('\n');
      const settings = await good(`profiles:\n  c:\n    executor: slurm\n    stages:\n${lines}\n`);
      const qosOf = (id: string) => (place(settings, 'c', id).settings as { qos?: string }).qos;
      expect(qosOf('beaver/reward')).toBe('q6');
      expect(qosOf('beaver/sft[seed=2]')).toBe('q10');
      expect(qosOf('beaver/sft[seed=1]')).toBe('q18');
    }
  });

  it('are not needed for this machine', async () => {
    const settings = await good('remotes: {}\n');
    expect(place(settings, 'local', 'x')).toEqual({
      profile: 'local',
      settings: { executor: 'local' },
      resources: ASKED,
    });
  });

  it('are chosen by the call, then by the environment, then by the file, else it is this machine', async () => {
    const settings = await good(FULL);
    const chosen = (option?: string, env = {}): unknown => chooseProfile(settings, option, env);
    expect(chosen('lab', { WARREN_PROFILE: 'ray' })).toEqual({ ok: true, value: 'lab' });
    expect(chosen(undefined, { WARREN_PROFILE: 'ray' })).toEqual({ ok: true, value: 'ray' });
    expect(chosen(undefined, { WARREN_PROFILE: '' })).toEqual({ ok: true, value: 'cluster' });
    expect(chooseProfile(await good(''), undefined, {})).toEqual({ ok: true, value: 'local' });
    expect(chosen('local')).toEqual({ ok: true, value: 'local' });
    expect(chosen('lba')).toMatchObject({
      error: { code: 'unknown-profile', message: expect.stringMatching(/^--profile names "lba"/) },
    });
    expect(chosen(undefined, { WARREN_PROFILE: 'x' })).toMatchObject({
      error: { code: 'unknown-profile', message: expect.stringMatching(/^WARREN_PROFILE names "x"/) },
    });
  });

  it('with settings for a stage that a pipeline lacks are a warning', async () => {
    const { profiles } = await good(FULL);
    const ids = [{ id: 'judge[seed=1]' as StageId }];
    expect(strayOverrides(profiles, 'lab', ids)).toEqual([]);
    expect(strayOverrides(profiles, 'cluster', ids)).toMatchObject([
      { code: 'stray-override', severity: 'warning', message: expect.stringContaining('"judge[seed=2]"') },
    ]);
  });

  const slurm = (text: string): string => `profiles:\n  c: { executor: slurm, ${text} }`;
  it.each([
    ['profile: c', 'unknown-profile', 1, 10],
    ['profiles:\n  c: { partition: x }', 'missing-key', 2, 3],
    ['profiles:\n  c: { executor: slrm }', 'unknown-value', 2, 18],
    ['profiles:\n  "a b": { executor: local }', 'wrong-format', 2, 3],
    ['profiles:\n  local: { executor: slurm }', 'bad-profile', 2, 22],
    [slurm('hosts: [a]'), 'unknown-key', 2, 25],
    [slurm('partitoin: a'), 'unknown-key', 2, 25],
    [slurm('partition: -a'), 'wrong-format', 2, 36],
    [slurm('partition: "a b"'), 'wrong-format', 2, 36],
    [slurm('array: 0'), 'out-of-range', 2, 32],
    [slurm('root: scratch'), 'wrong-format', 2, 31],
    [slurm('via: -oProxyCommand=x'), 'bad-host', 2, 30],
    [slurm('via: "a b"'), 'bad-host', 2, 30],
    [slurm('via: "me:secret@a"'), 'bad-host', 2, 30],
    [slurm('flags: ["a\\nb"]'), 'wrong-format', 2, 33],
    [slurm('resources: { memory: lots }'), 'wrong-format', 2, 46],
    [slurm('resources: { nodes: 2 }'), 'bad-profile', 2, 38],
    [slurm('kinds: { stf: { qos: a } }'), 'unknown-kind', 2, 34],
    [slurm('kinds: { sft: {} }'), 'out-of-range', 2, 39],
    [slurm('stages: { a: { profile: d } }'), 'unknown-profile', 2, 49],
    [slurm('stages: { a: { profile: local, qos: b } }'), 'bad-override', 2, 56],
    [slurm('stages: { a: { hosts: [b] } }'), 'unknown-key', 2, 40],
    ['profiles:\n  c: { executor: local, kinds: { sft: { cpus: 2 } } }', 'bad-override', 2, 41],
    [slurm('stages: { a: { profile: c } }'), 'profile-cycle', 2, 3],
    ['profiles:\n  c: { executor: ssh }', 'missing-key', 2, 3],
    ['profiles:\n  c: { executor: ssh, hosts: [] }', 'out-of-range', 2, 30],
    ['profiles:\n  c: { executor: ssh, hosts: [a, { host: a }] }', 'duplicate-host', 2, 34],
    ['profiles:\n  c: { executor: ssh, hosts: [{ host: a, memory: x }] }', 'wrong-format', 2, 50],
    ['profiles:\n  c: { executor: local, gpus: al }', 'wrong-format', 2, 31],
    ['profiles:\n  c: { executor: local, gpus: [1, 1] }', 'duplicate-value', 2, 35],
    ['profiles:\n  c: { executor: local, memory: 0 }', 'wrong-format', 2, 33],
    ['profiles:\n  c: { executor: ray, url: "ftp://h" }', 'bad-address', 2, 28],
    ['profiles:\n  c: { executor: command, submit: [], poll: [a], cancel: [a] }', 'out-of-range', 2, 35],
    [
      'profiles:\n  c: { executor: command, submit: ["{x}"], poll: [a], cancel: [a] }',
      'unknown-placeholder',
      2,
      36,
    ],
    ['profiles:\n  c: { executor: command, submit: [[a]], poll: [a], cancel: [a] }', 'wrong-format', 2, 35],
    [
      'profiles:\n  c: { executor: command, id: "(", submit: [a], poll: [a], cancel: [a] }',
      'wrong-format',
      2,
      31,
    ],
    [slurm('gpu_types: { h100: much }'), 'wrong-format', 2, 44],
    [
      'profiles:\n  a: { executor: local, stages: { x: { profile: b } } }\n  b: { executor: local, kinds: { sft: { profile: a } } }',
      'profile-cycle',
      2,
      3,
    ],
  ])('%j is refused at its place', async (text, code, line, column) => {
    const settings = await read(`${text}\n`).settings;
    const place = expect.objectContaining({ line, column });
    expect(settings).toMatchObject({ ok: false, error: [{ code, place }] });
  });

  it('with a secret in an address are refused without showing the line', async () => {
    const settings = await read('profiles:\n  r: { executor: ray, url: "http://me:secret@h:1" }\n').settings;
    expect(settings).toMatchObject({ ok: false, error: [{ code: 'bad-address' }] });
    expect(JSON.stringify(settings)).not.toContain('secret');
    expect(settings.ok ? undefined : settings.error[0]?.place).toBeUndefined();
  });

  it('name the executor that a misplaced key is of', async () => {
    const settings = await read('profiles:\n  c: { executor: ssh, hosts: [a], partition: b }\n').settings;
    expect(settings).toMatchObject({
      error: [
        {
          code: 'unknown-key',
          message: '"partition" is a setting of slurm, and profile "c" is of executor ssh.',
        },
      ],
    });
  });
});
