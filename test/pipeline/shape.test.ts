import { describe, expect, it } from 'vitest';
import { demandOf } from '../../engine/run/tokens.ts';
import { command, graphOf, load, problemsOf, stageOf, told } from './rig.ts';

const DATA = '  data: { uses: data, in: { transcripts: ./rows.jsonl } }';
const train = (keys: string) =>
  `stages:\n${DATA}\n  t: { uses: train, in: { records: data.train }, ${keys} }\n`;

describe('shape of the file', () => {
  it.each([
    ['unknown key', `nmae: x\n${command('run: [a]')}`, ['unknown-key 1:1 nmae']],
    ['no stages', 'name: x\n', ['missing-key 1:1 name']],
    ['empty stages', 'stages: {}\n', ['out-of-range 1:9 {}']],
    ['a list', '- a\n', ['wrong-type 1:1 - a']],
    ['bad name', `name: "a b"\n${command('run: [a]')}`, ['wrong-format 1:7 "a b"']],
    ['stage without a map', 'stages: { s: hh }\n', ['wrong-type 1:14 hh']],
    ['neither uses nor run', command('desc: x'), ['missing-key 2:3 s']],
    ['uses and run', command('uses: data, run: [a]'), ['uses-and-run 2:20 run']],
    ['reserved stage name', 'stages: { in: { run: [a] } }\n', ['reserved-name 1:11 in']],
    ['stage name', 'stages: { 9a: { run: [a] } }\n', ['bad-name 1:11 9a']],
    ['unknown kind', command('uses: dtaa'), ['unknown-kind 2:14 dtaa']],
    ['command as kind', command('uses: command'), ['unknown-kind 2:14 command']],
    ['pipeline as stage', command('uses: ./other.yaml'), ['missing-pipeline 2:14 ./other.yaml']],
    ['folder as kind', command('uses: ./mine/'), ['not-supported-yet 2:14 ./mine/']],
    ['when', command('run: [a], when: 3'), ['wrong-type 2:24 3']],
    ['when is text', command('run: [a], when: maybe'), ['wrong-type 2:24 maybe']],
    ['when names nothing', command('run: [a], when: "${with.x} == 1"'), ['unknown-name 2:25 ${with.x}']],
    ['when in text', command('run: [a], when: a in b'), ['wrong-type 2:24 a in b']],
    [
      'rounds and carry',
      command('run: [a], rounds: 2, carry: { a: b }'),
      ['only-for-pipelines 2:18 rounds', 'only-for-pipelines 2:29 carry'],
    ],
    ['retries', command('run: [a], retries: -1'), ['out-of-range 2:27 -1']],
    [
      'retries as a map',
      command('run: [a], retries: { on: [oom, ooom, 300], wait: soon, grow: { time: 2 } }'),
      [
        'missing-key 2:18 retries',
        'unknown-value 2:39 ooom',
        'out-of-range 2:45 300',
        'wrong-format 2:57 soon',
        'missing-key 2:71 time',
      ],
    ],
    [
      'values of retries',
      command('run: [a], retries: { max: 1, on: [oom, ooom], wait: soon, grow: { time: 2 } }'),
      ['unknown-value 2:47 ooom', 'wrong-format 2:60 soon', 'missing-key 2:74 time'],
    ],
    [
      'limits',
      `limits: { api: 2, 9b: 0 }\n${command('run: [a], limits: { api: 3, apo: 1 }')}`,
      ['bad-name 1:19 9b', 'out-of-range 1:23 0', 'out-of-range 3:33 3', 'unknown-limit 3:36 apo'],
    ],
    ['limits without a list', command('run: [a], limits: [api]'), ['unknown-limit 2:27 api']],
    [
      'temp output that is wanted',
      `${command('run: [a], out: { o: { type: file, temp: true } }')}out: { o: s.o }\n`,
      ['temporary-output 3:11 s.o'],
    ],
    [
      'out of a kind',
      train('with: { lr: 1 }, out: { model: { temp: true, type: file }, modl: { temp: true } }'),
      ['only-for-commands 3:95 type', 'unknown-output 3:109 modl'],
    ],
    ['shell of a list', command('run: [a], shell: [bash, -c]'), ['only-for-commands 2:18 shell']],
    ['size', command('run: [a], resources: { memory: 40GB }'), ['wrong-format 2:39 40GB']],
    ['time', command('run: [a], resources: { time: 2 hours }'), ['wrong-format 2:37 2 hours']],
    [
      'cpus',
      command('run: [a], resources: { cpus: 0, gpu: 1 }'),
      ['wrong-format 2:37 0', 'unknown-key 2:40 gpu'],
    ],
    ['nodes', command('run: [a], resources: { nodes: 0 }'), ['out-of-range 2:38 0']],
    [
      'nodes of a parameter',
      `with: { n: 0.5 }\n${command('run: [a], resources: { nodes: "${with.n}" }')}`,
      ['wrong-type 3:38 "${with.n}"'],
    ],
    [
      'what GPUs must be like, without GPUs',
      command('run: [a], resources: { gpu_memory: 8G, gpu_type: a100 }'),
      ['missing-key 2:31 gpu_memory', 'missing-key 2:47 gpu_type'],
    ],
    [
      'no GPUs of a type',
      command('run: [a], resources: { gpus: 0, gpu_type: a100 }'),
      ['missing-key 2:40 gpu_type'],
    ],
    ['type of a GPU', command('run: [a], resources: { gpus: 1, gpu_type: "*" }'), ['wrong-format 2:50 "*"']],
    [
      'image by its tag',
      command('run: [a], container: "docker.io/library/python:3.12"'),
      ['missing-digest 2:29 "docker.io/library/python:3.12"'],
    ],
    [
      'image that is an option',
      command('run: [a], container: "--privileged"'),
      ['wrong-format 2:29 "--privileged"'],
    ],
    [
      'digest that is cut',
      command('run: [a], container: "python@sha256:0123"'),
      ['wrong-format 2:29 "python@sha256:0123"'],
    ],
    [
      'container as a map',
      `with: { net: maybe }\n${command(`run: [a], container: { image: "a@sha256:${'0'.repeat(64)}", options: [-v], runtime: pdman, network: "\${with.net}", user: 1 }`)}`,
      ['unknown-value 3:139 pdman', 'wrong-type 3:155 "${with.net}"', 'unknown-key 3:170 user'],
    ],
    [
      'options of no runtime',
      command(`run: [a], container: { image: "a@sha256:${'0'.repeat(64)}", options: [-v] }`),
      ['missing-key 2:115 options'],
    ],
    [
      'container of a kind',
      train(`with: { lr: 1 }, container: "a@sha256:${'0'.repeat(64)}"`),
      ['only-for-commands 3:67 container'],
    ],
    ['cache', command('run: [a], cache: no'), ['wrong-type 2:25 no']],
    [
      'env name',
      command('run: [a], env: { 1A: x, WARREN_X: y }'),
      ['bad-name 2:25 1A', 'reserved-name 2:32 WARREN_X'],
    ],
    ['env twice', command('run: [a], env: { A: x }, pass_env: [A]'), ['duplicate-key 2:44 A']],
    [
      'hardware',
      command('run: [a], hardware: [cpu, gpu_model]'),
      ['unknown-value 2:29 cpu', 'not-supported-yet 2:34 gpu_model'],
    ],
    ['output type', command('run: [a], out: { o: modle }'), ['unknown-type 2:28 modle']],
    ['records without schema', command('run: [a], out: { o: records }'), ['unknown-type 2:28 records']],
    [
      'output name out of its folder',
      command('run: [a], out: { o: { name: ../x } }'),
      ['path-escapes 2:36 ../x'],
    ],
    ['absolute output name', command('run: [a], out: { o: { name: /x } }'), ['path-escapes 2:36 /x']],
    [
      'two files of one name',
      command('run: [a], out: { o: { name: A.x }, p: { name: a.x } }'),
      ['duplicate-output 2:43 p'],
    ],
    [
      'two outputs of one variable',
      command('run: [a], out: { a-b: file, A_B: file }'),
      ['colliding-names 2:36 A_B'],
    ],
    [
      'two results of one name',
      `${command('run: [a], out: { o: file }')}out: { Best: s.o, best: s.o }\n`,
      ['colliding-names 3:19 best'],
    ],
    [
      'two inputs of one variable',
      command('run: [a], in: { a-b: ./rows.jsonl, A_B: ./rows.jsonl }'),
      ['colliding-names 2:43 A_B'],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await told(text)).toEqual(expected);
  });

  it('names the pipeline after its file', async () => {
    expect((await graphOf(command('run: [a]'), { fileName: 'mine.yaml' })).name).toBe('mine');
    const bad = await load(command('run: [a]'), { fileName: '9 lives.yaml' });
    expect(bad).toMatchObject({ ok: false, error: [{ code: 'bad-name' }] });
  });

  it('tells of a file that is not there', async () => {
    const { loadPipeline } = await import('../../engine/pipeline/load.ts');
    const missing = await loadPipeline('nowhere.yaml', {
      with: {},
      in: {},
      set: {},
      cwd: import.meta.dirname,
    });
    expect(missing).toMatchObject({ ok: false, error: [{ code: 'missing-pipeline' }] });
  });
});

it('reads a container, also from parameters', async () => {
  const image = `docker.io/library/python@sha256:${'0a'.repeat(32)}`;
  const container = async (value: string) =>
    stageOf(await graphOf(`with: { image: "${image}" }\n${command(`run: [a], container: ${value}`)}`), 's')
      .container;
  const plain = { image, digest: `sha256:${'0a'.repeat(32)}`, options: [], network: false };
  expect(await container('"${with.image}"')).toEqual(plain);
  expect(
    await container('{ image: "${with.image}", runtime: docker, options: [--cpus, 2], network: true }'),
  ).toEqual({ ...plain, runtime: 'docker', options: ['--cpus', '2'], network: true });
});

it.each([
  ['desc: x', 0, ['preempted', 'node-lost', 'launch-failed', 'oom', 'timeout', 'error']],
  ['retries: { max: 2, on: [node-lost, launch-failed, 75] }', 2, ['node-lost', 'launch-failed', 75]],
  ['retries: { max: 0, on: [] }', 0, []],
])('what is tried again: %s', async (keys, max, on) => {
  const graph = await graphOf(command(`run: [a], ${keys}`));
  expect(stageOf(graph, 's').retries).toMatchObject({ max, on });
});

describe('parameters of a kind', () => {
  it.each([
    ['unknown', 'with: { lr: 1, sed: 2 }', ['unknown-key 3:65 sed']],
    ['missing', 'with: { seed: 1 }', ['missing-key 3:50 with']],
    ['out of range', 'with: { lr: 0 }', ['out-of-range 3:62 0']],
    ['wrong type', 'with: { lr: fast }', ['wrong-type 3:62 fast']],
    ['not whole', 'with: { lr: 1, seed: 1.5 }', ['wrong-type 3:71 1.5']],
    ['not one of', 'with: { lr: 1, schedule: cosin }', ['unknown-value 3:75 cosin']],
    [
      'nested',
      'with: { lr: 1, shape: { width: 0, dept: 3 } }',
      ['out-of-range 3:81 0', 'unknown-key 3:84 dept'],
    ],
    ['the branch that was meant', 'with: { lr: 1, stop: [a, 1] }', ['wrong-type 3:75 1']],
    ['no branch', 'with: { lr: 1, stop: 5 }', ['wrong-type 3:71 5']],
    ['of another type', 'with: [1]', ['wrong-type 3:56 [1]']],
  ])('%s', async (_, keys, expected) => {
    expect(await told(train(keys))).toEqual(expected);
  });

  it('says it in words, with a next step', async () => {
    const say = async (keys: string) =>
      (await problemsOf(train(keys))).map(({ message, hint }) => `${message} | ${hint}`);
    expect(await say('with: { lr: 1, sed: 2 }')).toEqual([
      'Unknown key "sed" in with of stage "t". | did you mean "seed"?',
    ]);
    expect(await say('with: { lr: -1 }')).toEqual([
      'with.lr of stage "t" must be greater than 0, but is -1. | Learning rate.',
    ]);
    expect(await say('with: { lr: 1, stop: 5 }')).toEqual([
      'with.stop of stage "t" must be null or text or a list, but is 5. | Stop strings.',
    ]);
    expect(await say('with: { lr: 1, schedule: cosin }')).toEqual([
      'with.schedule of stage "t" must be one of "constant", "cosine", "linear", but is "cosin". | did you mean "cosine"?',
    ]);
    expect(await say('with: { seed: 1 }')).toEqual([
      'The key "lr" is missing in with of stage "t". | add lr: (Learning rate.)',
    ]);
  });

  it('fills defaults, nested ones too', async () => {
    const graph = await graphOf(train('with: { lr: 1, shape: { width: 8 } }'));
    expect(stageOf(graph, 't').with).toEqual({
      lr: 1,
      seed: 1,
      schedule: 'cosine',
      stop: null,
      shape: { width: 8, depth: 2 },
    });
  });

  it('reads resources', async () => {
    const graph = await graphOf(
      command('run: [a], resources: { cpus: 2, gpus: 1, memory: 1.5G, time: 1h30m }'),
    );
    expect(stageOf(graph, 's').resources).toEqual({
      cpus: 2,
      gpus: 1,
      nodes: 1,
      memory: 1.5 * 2 ** 30,
      gpuMemory: 0,
      time: 5400,
    });
  });

  it('reads what GPUs must be like, also from parameters', async () => {
    const asked = async (keys: string) =>
      stageOf(
        await graphOf(
          `with: { n: 2, size: 80G, type: 3090, off: 0 }\n${command(`run: [a], resources: ${keys}`)}`,
        ),
        's',
      ).resources;
    expect(
      await asked('{ gpus: 8, nodes: "${with.n}", gpu_memory: "${with.size}", gpu_type: A100 }'),
    ).toMatchObject({
      gpus: 8,
      nodes: 2,
      gpuMemory: 80 * 2 ** 30,
      gpuType: 'A100',
    });
    expect(await asked('{ gpus: "${with.off}", gpu_type: "${with.type}" }')).toMatchObject({
      gpus: 0,
      gpuType: '3090',
    });
    expect(await asked('{}')).not.toHaveProperty('gpuType');
  });

  it('lets a kind that computes have every core unless the file says otherwise, and a command one', async () => {
    const asked = async (keys: string): Promise<number[]> => {
      const stage = stageOf(await graphOf(command(`run: [a]${keys}`)), 's');
      return [true, false].map(
        (computes) => demandOf(stage, computes, { cpus: 8, memory: 1, limits: {} }).cpus,
      );
    };
    expect(await asked('')).toEqual([8, 1]);
    expect(await asked(', resources: { cpus: 3 }')).toEqual([3, 3]);
  });
});

describe('overrides', () => {
  const text =
    'with: { lr: 1, deep: { a: 1 } }\nin: { rows: ./rows.jsonl }\nstages:\n  data: { uses: data, in: { transcripts: in.rows } }\n  t: { uses: train, in: { records: data.train }, with: { lr: "${with.lr}", seed: "${with.deep.a}" } }\n';

  it('take the place of what the file says', async () => {
    const graph = await graphOf(text, {
      with: { lr: 3, deep: { a: 7 } },
      in: { rows: 'other.jsonl' },
      set: { 't.schedule': 'linear', 't.shape.width': 5 },
      files: ['rows.jsonl', 'other.jsonl'],
    });
    expect(stageOf(graph, 't').with).toMatchObject({
      lr: 3,
      seed: 7,
      schedule: 'linear',
      shape: { width: 5, depth: 2 },
    });
    expect(graph.with).toEqual({ lr: 3, deep: { a: 7 } });
    expect(stageOf(graph, 'data').in['transcripts']).toMatchObject({ source: { shown: 'other.jsonl' } });
  });

  it('must name what the file knows', async () => {
    const problems = await problemsOf(text, {
      with: { lrr: 1 },
      in: { row: 'x' },
      set: { 'tt.lr': 1, 't.sed': 1, data: 1 },
    });
    expect(problems.map(({ code, hint }) => [code, hint])).toEqual([
      ['unknown-parameter', 'did you mean "lr"?'],
      ['unknown-input', 'did you mean "rows"?'],
      ['unknown-stage', 'did you mean "t"?'],
      ['bad-option', 'write --set STAGE.PARAMETER=VALUE'],
      ['unknown-key', 'did you mean "seed"?'],
    ]);
  });

  it('are named where their value is wrong', async () => {
    const [problem] = await problemsOf(text, { with: { lr: -1 } });
    expect(problem).toMatchObject({
      code: 'out-of-range',
      message: 'with.lr of stage "t" must be greater than 0, but is -1 (from --with lr).',
      place: { line: 5 },
    });
    const [missing] = await problemsOf(text, { in: { rows: 'gone.jsonl' } });
    expect(missing).toMatchObject({ code: 'missing-file', place: { line: 2 } });
    expect(await problemsOf(text, { with: { lr: Number.NaN } })).toMatchObject([{ code: 'not-finite' }]);
  });
});
