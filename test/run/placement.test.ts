import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { err, ok } from '../../base/result.ts';
import type { Event } from '../../engine/event.ts';
import type { ExecutorFault, Verdict } from '../../engine/executors/contract.ts';
import { openExecutor } from '../../engine/executors/open.ts';
import type { LocalSettings } from '../../engine/executors/settings.ts';
import { registryAt } from '../../engine/pipeline/registry.ts';
import type { Override, Profile } from '../../engine/settings/profiles.ts';
import { FOLDER, folderExecutor, jobsIn } from '../rigs/folder-executor.ts';
import { startPuppets } from '../rigs/puppets.ts';
import { workshop } from '../rigs/workshop.ts';

const YAML = `name: p
stages:
  a: { run: "echo a > \${out.o}", out: { o: file } }
  b: { run: "cat \${in.o} > \${out.o}; echo b >> \${out.o}", in: { o: a.o }, out: { o: file } }
out: { o: b.o }
`;

function profilesOf(stages: { readonly [name: string]: Override } = {}): Map<string, Profile> {
  const none = { resources: {}, kinds: new Map() };
  return new Map([
    ['folder', { ...none, name: 'folder', settings: FOLDER, stages: new Map(Object.entries(stages)) }],
  ]);
}

const HERE: Override = { profile: 'local', settings: {}, resources: {} };

/** Opens the scheduler in the folder as often as its faults allow, and says what it is told to say of requests. */
function opening(
  folder: string,
  { faults = [], verdict }: { faults?: ExecutorFault[]; verdict?: Verdict } = {},
) {
  const asked: string[] = [];
  const open: typeof openExecutor = async (settings, surroundings) => {
    asked.push(settings.executor);
    if (settings.executor !== 'command') return openExecutor(settings, surroundings);
    const fault = faults.shift();
    if (fault !== undefined) return err(fault);
    const executor = folderExecutor(folder);
    return ok(verdict === undefined ? executor : { ...executor, check: () => Promise.resolve(verdict) });
  };
  return { asked, open };
}

describe('where stages go', () => {
  it('is what the profile says of each; an executor is opened once, and only if a stage goes there', async () => {
    const w = workshop({ 'p.yaml': YAML });
    const { asked, open } = opening(w.path('scheduler'));
    const ran = await w.run({ profiles: profilesOf({ b: HERE }), profile: 'folder', open });
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(w.read('out/p/o')).toBe('a\nb\n');
    expect(jobsIn(w.path('scheduler'))).toHaveLength(1);
    expect(asked).toEqual(['command', 'local']);
    expect(ran.of('stage-placed').every(({ stage, profile }) => stage === 'a' && profile === 'folder')).toBe(
      true,
    );

    const other = opening(w.path('scheduler'));
    const fresh = await w.run({ profiles: profilesOf(), profile: 'folder', open: other.open });
    expect([fresh.actions, other.asked]).toEqual([{ a: 'fresh', b: 'fresh' }, []]);
  });

  it('is no part of a key', async () => {
    const w = workshop({ 'p.yaml': YAML });
    const { open } = opening(w.path('scheduler'));
    await w.run({ profiles: profilesOf(), profile: 'folder', open });
    expect((await w.run()).actions).toEqual({ a: 'fresh', b: 'fresh' });
  });

  it('waits for an executor that cannot be reached, and says why', async () => {
    const w = workshop({ 'p.yaml': YAML });
    const away = { code: 'host-unreachable', message: 'Host rig is away.', passing: true };
    const { open } = opening(w.path('scheduler'), { faults: [away] });
    const ran = await w.run({ profiles: profilesOf({ b: HERE }), profile: 'folder', open });
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(ran.of('stage-waiting')).toMatchObject([
      { stage: 'a', reason: 'executor', detail: 'Host rig is away.' },
    ]);
  });

  it('fails a stage that its executor cannot take, with the command that said so', async () => {
    const w = workshop({ 'p.yaml': YAML });
    const fault = {
      code: 'no-partition',
      message: 'There is no partition "gpux".',
      hint: 'sinfo lists them',
      command: 'sbatch --partition=gpux',
      output: 'sbatch: error: invalid partition specified: gpux',
      passing: false,
    };
    const { passing: _, ...shown } = fault;
    for (const how of [{ faults: [fault] }, { verdict: { fits: 'never', fault } as const }]) {
      const { open } = opening(w.path('scheduler'), how);
      const ran = await w.run({ profiles: profilesOf(), profile: 'folder', open });
      expect(ran.actions).toEqual({ a: 'failed', b: 'skipped' });
      expect(ran.result.stages[0]?.failure).toEqual(shown);
    }
  });

  it('says of one that does not answer that it is asked', async () => {
    const w = workshop({ 'p.yaml': YAML });
    let answer: (verdict: Verdict) => void = () => {};
    const asked = new Promise<Verdict>((resolve) => {
      answer = resolve;
    });
    const open: typeof openExecutor = async () =>
      ok({ ...folderExecutor(w.path('scheduler')), check: () => asked });
    const hear = ({ type }: Event): void => {
      if (type === 'stage-waiting') answer({ fits: 'now' });
    };
    const ran = await w.run({ profiles: profilesOf(), profile: 'folder', open, hear });
    expect(ran.of('stage-waiting')[0]).toMatchObject({ stage: 'a', detail: 'folder has not answered yet' });
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
  });

  it('lets a submission find out what could not be asked before', async () => {
    const w = workshop({ 'p.yaml': YAML });
    const fault = { code: 'no-answer', message: 'Nobody answers.', passing: true };
    const { open } = opening(w.path('scheduler'), { verdict: { fits: 'never', fault } });
    const ran = await w.run({ profiles: profilesOf(), profile: 'folder', open });
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
  });
});

it('the local profile says how many cores stages share', async () => {
  const p = await startPuppets();
  onTestFinished(() => p.close());
  const w = workshop({
    'p.yaml': `name: p
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }
  b: { run: ${p.run('b', 'out.o')}, out: { o: file } }
`,
  });
  const settings: LocalSettings = { executor: 'local', cpus: 1 };
  const local = { name: 'local', settings, resources: {}, kinds: new Map(), stages: new Map() };
  const run = w.run({ profiles: new Map([['local', local]]), jobs: undefined });
  const a = await p.next('a');
  expect(p.count('b')).toBe(0);
  await a.write(a.words[0] as string, 'a');
  a.exit();
  const b = await p.next('b');
  await b.write(b.words[0] as string, 'b');
  b.exit();
  expect((await run).actions).toEqual({ a: 'ran', b: 'ran' });
});

it('asks elsewhere for as many cores as a kind that computes has threads, unless the stage says how many', async () => {
  const teller = (more: string): string => `{ uses: teller, in: { file: ./data.txt }${more} }`;
  const w = workshop(
    {
      'p.yaml': `name: p
stages:
  open: ${teller('')}
  said: ${teller(', with: { seed: 2 }, resources: { cpus: 1 }')}
  command: { run: "echo > \${out.o}", out: { o: file } }
`,
      'data.txt': 'first\n',
    },
    registryAt(join(import.meta.dirname, '../rigs/kinds')),
  );
  const asked: { [stage: string]: number } = {};
  const open = (): ReturnType<typeof openExecutor> => {
    const executor = folderExecutor(w.path('scheduler'));
    const submit: typeof executor.submit = (submissions) => {
      for (const { stage, resources } of submissions) asked[stage] = resources.cpus;
      return executor.submit(submissions);
    };
    return Promise.resolve(ok({ ...executor, submit }));
  };
  await w.run({ profiles: profilesOf(), profile: 'folder', open, threads: 3 });
  expect(asked).toEqual({ open: 3, said: 1, command: 0 });
});
