import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ok } from '../../base/result.ts';
import type { Event } from '../../engine/event.ts';
import { openExecutor } from '../../engine/executors/open.ts';
import { folderExecutor, jobsIn, type Moment, mark } from '../rigs/folder-executor.ts';
import { engine } from '../rigs/mortal.ts';
import { startPuppets } from '../rigs/puppets.ts';
import { bench, work } from '../rigs/struck.ts';
import { type Workshop, workshop } from '../rigs/workshop.ts';

const attemptOf = (w: Workshop): string => `.warren/attempts/${w.list('.warren/attempts')[0]}`;
const isPlaced = (events: readonly Event[], state: string, why?: string): boolean =>
  events.some((event) => event.type === 'stage-placed' && event.state === state && event.why === why);

describe('an engine that is killed', () => {
  it.each<[Moment | 'started', string]>([
    ['started', 'before anything was said of its attempt: it runs where the next run sends it'],
    ['submitting', 'after it said so and before it did: the same name goes there once'],
    ['submitted', 'before it heard that it was taken'],
    ['queued', 'while it waits'],
    ['running', 'while it runs'],
    ['ended', 'when it has ended, before it was collected'],
  ])('%s: %s', async (moment) => {
    const { p, w, folder, run, strike } = await bench();
    if (moment === 'queued') mark(folder, 'held');
    const struck = strike(moment);
    if (moment === 'ended') await work(p, 'made');
    expect(await struck).toBe('SIGKILL');
    const submitted = jobsIn(folder);
    expect(submitted).toHaveLength(['started', 'submitting'].includes(moment) ? 0 : 1);
    rmSync(join(folder, 'held'), { force: true });

    const events: Event[] = [];
    const next = run({ hear: (event) => void events.push(event) });
    if (moment === 'running') await expect.poll(() => isPlaced(events, 'running')).toBe(true);
    if (moment !== 'ended') await work(p, 'made');
    const ran = await next;
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(w.read('out/p/o')).toBe('made');
    expect(p.count('a')).toBe(1);
    expect(jobsIn(folder)).toHaveLength(moment === 'started' ? 0 : 1);
    if (submitted.length > 0) expect(jobsIn(folder)).toEqual(submitted);
    const [started] = ran.of('stage-started');
    expect(started).toMatchObject({ stage: 'a', attempt: moment === 'started' ? 2 : 1 });
    const places = ran.of('stage-placed').map(({ state, adopted }) => [state, adopted]);
    if (submitted.length > 0) expect(places.every(([, adopted]) => adopted === true)).toBe(true);
    expect(ran.of('stage-output').map(({ text }) => text)).toEqual(['made']);
    const [log] = w.list(attemptOf(w)).filter((name) => /^\d+$/.test(name));
    expect(w.read(`${attemptOf(w)}/${log}/log`)).toBe('made\n');
    expect((await run()).actions).toEqual({ a: 'fresh', b: 'fresh' });
  });
});

it('killed when some of the outputs are in the cache and no record is: a later run collects all of them', async () => {
  const p = await startPuppets();
  onTestFinished(() => p.close());
  const w = workshop({
    'p.yaml': `name: p
stages:
  a: { run: ${p.run('a', 'out.o', 'out.d', 'out.t')}, out: { o: file, d: folder, t: { type: file, temp: true } } }
  b: { run: "cat \${in.t} \${in.d}/x > \${out.o}", in: { t: a.t, d: a.d }, out: { o: file } }
out: { o: a.o, d: a.d, b: b.o }
`,
  });
  const folder = w.path('scheduler');
  const struck = engine(w.path('p.yaml'), folder, 'collected');
  const a = await p.next('a');
  const [file = '', tree = '', temporary = ''] = a.words;
  await a.write(file, 'made');
  await a.write(`${tree}/x`, 'within');
  await a.write(temporary, 'passing ');
  a.exit();
  expect(await struck).toBe('SIGKILL');
  expect(w.list('.warren/cache/objects').length).toBeGreaterThan(0);
  const open: typeof openExecutor = async (settings, surroundings) =>
    settings.executor === 'command' ? ok(folderExecutor(folder)) : openExecutor(settings, surroundings);
  const ran = await w.run({ open });
  expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
  expect([w.read('out/p/o'), w.read('out/p/d/x'), w.read('out/p/b')]).toEqual([
    'made',
    'within',
    'passing within',
  ]);
  expect(p.count('a')).toBe(1);
  // Nothing of it is left: it printed nothing.
  expect(w.list('.warren/attempts')).toEqual([]);
});

describe('an attempt of an earlier run', () => {
  it('whose executor cannot be asked is waited for, and why is said', async () => {
    const { p, folder, run, strike } = await bench();
    await strike('submitted');
    mark(folder, 'down');
    const events: Event[] = [];
    const next = run({
      hear: (event) => {
        events.push(event);
        if (event.type === 'stage-waiting') rmSync(join(folder, 'down'));
      },
    });
    await work(p, 'made');
    expect((await next).actions).toEqual({ a: 'ran', b: 'ran' });
    expect(events.find(({ type }) => type === 'stage-waiting')).toMatchObject({
      stage: 'a',
      reason: 'executor',
      detail: expect.stringMatching(
        /^w-[0-9a-f]{20}-1-[0-9a-f]{4} may be on its way there: The folder is away\.$/,
      ),
    });
    expect(p.count('a')).toBe(1);
  });

  it('is left as it is by a run that is stopped while it waits for that', async () => {
    const { p, w, folder, run, strike } = await bench();
    await strike('submitted');
    mark(folder, 'down');
    const stop = new AbortController();
    const ran = await run({
      stop: stop.signal,
      hear: ({ type }) => {
        if (type === 'stage-waiting') stop.abort();
      },
    });
    expect(ran.result.outcome).toBe('interrupted');
    expect(w.list(`${attemptOf(w)}/1`)).toContain('submission.json');
    rmSync(join(folder, 'down'));
    const next = run();
    await work(p, 'made');
    expect((await next).actions).toEqual({ a: 'ran', b: 'ran' });
    expect(p.count('a')).toBe(1);
  });

  it('is ended by a run that is stopped, and its folder is used no more', async () => {
    const { p, w, run, strike } = await bench();
    await strike('running');
    const stop = new AbortController();
    const first = await p.next('a');
    const ran = await run({
      stop: stop.signal,
      hear: (event) => {
        if (event.type === 'stage-placed' && event.state === 'running') stop.abort();
      },
    });
    expect(ran.actions).toEqual({ a: 'cancelled', b: 'cancelled' });
    await first.gone;
    expect(w.list(`${attemptOf(w)}/1`)).toEqual([]);
    const next = run();
    await work(p, 'again');
    expect((await next).of('stage-started')[0]).toMatchObject({ attempt: 2 });
  });

  it('is ended before --force starts another', async () => {
    const { p, w, folder, run, strike } = await bench();
    await strike('running');
    const first = await p.next('a');
    const next = run({ force: true });
    await first.gone;
    await work(p, 'forced');
    const ran = await next;
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(w.read('out/p/o')).toBe('forced');
    expect(jobsIn(folder)).toHaveLength(1);
    expect(ran.of('stage-waiting')[0]).toMatchObject({ reason: 'executor' });
    expect(ran.of('warning')).toEqual([]);
  });

  it('is left where --force cannot reach its executor, and that is said', async () => {
    const { p, folder, run, strike } = await bench();
    await strike('submitted');
    const first = await p.next('a');
    mark(folder, 'down');
    const next = run({ force: true });
    await work(p, 'forced');
    expect((await next).of('warning').map(({ diagnostic }) => diagnostic.code)).toEqual(['attempt-left']);
    first.exit();
  });

  it('that began and is known to nobody is lost with its machine, and tried again', async () => {
    const { p, w, folder, run, strike } = await bench();
    await strike('submitting');
    const attempt = `${attemptOf(w)}/1`;
    w.write(`${attempt}/job/started/x`, '');
    const next = run();
    await work(p, 'made');
    const ran = await next;
    expect(ran.of('stage-retrying')).toMatchObject([{ cause: 'node-lost', retry: 1, of: 5, wait: 1 }]);
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(jobsIn(folder)).toEqual([]);
  });

  it('whose input was written and put back meanwhile has a result that is not stored', async () => {
    const { p, w, run, strike } = await bench();
    await strike('running');
    w.write('data.txt', 'other\n');
    w.write('data.txt', 'data\n');
    const next = run();
    await work(p, 'made');
    const ran = await next;
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    expect(ran.of('warning').map(({ diagnostic }) => diagnostic.code)).toEqual(['input-changed']);
    const again = run();
    await work(p, 'made');
    expect((await again).actions).toMatchObject({ a: 'ran' });
  });

  it('is none of a copy of the project: that makes its own, and the first goes on', async () => {
    const { p, w, folder, run, strike } = await bench();
    await strike('running');
    const [original = ''] = jobsIn(folder);
    const first = await p.next('a');
    const copy = workshop({});
    cpSync(w.root, copy.root, { recursive: true, verbatimSymlinks: true, force: true });
    const copied = engine(copy.path('p.yaml'), folder, 'never');
    await work(p, 'of the copy');
    await copied;
    expect(copy.read('out/p/o')).toBe('of the copy');
    const [later] = copy.list('.warren/runs').slice(-1);
    expect(copy.read(`.warren/runs/${later}/events.jsonl`)).toContain(
      `${original} on folder, was submitted from ${w.root}.`,
    );
    // Beside it `a` and `b` of the copy.
    expect(jobsIn(folder)).toHaveLength(3);
    expect(existsSync(join(folder, original, 'cancelled'))).toBe(false);
    const next = run();
    await first.write(first.words[0] as string, 'made');
    first.exit();
    expect((await next).actions).toEqual({ a: 'ran', b: 'ran' });
    expect(w.read('out/p/o')).toBe('made');
  });

  it('is found by whoever calls the project by another name', async () => {
    const { p, w, strike } = await bench();
    const other = workshop({});
    symlinkSync(w.root, other.path('link'));
    await strike('running');
    const next = engine(other.path('link/p.yaml'), w.path('scheduler'), 'never');
    await work(p, 'made');
    await next;
    expect(w.read('out/p/o')).toBe('made');
    expect(p.count('a')).toBe(1);
  });

  it('of which cannot be read what was written is left for a person to look at', async () => {
    const { p, w, run, strike } = await bench();
    await strike('submitted');
    const first = await p.next('a');
    const file = w.path(`${attemptOf(w)}/1/submission.json`);
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 40));
    const ran = await run();
    expect(ran.result.stages[0]?.failure).toMatchObject({ code: 'attempt-unreadable' });
    expect(existsSync(file)).toBe(true);
    first.exit();
  });
});

describe('a run on a scheduler', () => {
  it('tells where its stages are, how long they waited, and takes no core of this machine', async () => {
    const { p, folder, run } = await bench();
    mark(folder, 'held');
    const events: Event[] = [];
    const next = run({ profile: 'folder', jobs: 1, hear: (event) => void events.push(event) });
    await expect.poll(() => isPlaced(events, 'queued', 'held')).toBe(true);
    rmSync(join(folder, 'held'));
    await expect.poll(() => isPlaced(events, 'running')).toBe(true);
    await work(p, 'made');
    const ran = await next;
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    const [first, ...others] = ran.of('stage-placed').filter(({ stage }) => stage === 'a');
    expect(jobsIn(folder)).toContain(first?.job);
    expect([first, ...others]).toMatchObject([
      { profile: 'folder', state: 'queued' },
      { profile: 'folder', state: 'queued', why: 'held' },
      { profile: 'folder', state: 'running', host: 'folder' },
    ]);
    expect(ran.of('stage-done').find(({ stage }) => stage === 'a')?.queued).toBeGreaterThan(0);
  });
});
