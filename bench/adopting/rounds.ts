/** @file Engines that are killed at random moments and started again, until the pipeline is done; then the look at what they did. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../stages/runtime/random.ts';
import { kill, orphansOf } from '../killing/processes.ts';
import { readJournals } from './journals.ts';
import { leftoversIn } from './leftovers.ts';
import { auditStarts, readNotes } from './notes.ts';
import { type Place, pause, type Submitted } from './places.ts';
import { differences, NOTES, writeProject } from './project.ts';

export interface Round {
  readonly engines: number;
  readonly struck: { readonly [way: string]: number };
  readonly stages: number;
  readonly starts: number;
  readonly adopted: number;
  readonly jobs: number;
  readonly submissions: Submitted | undefined;
  readonly exceptions: { readonly [reason: string]: number };
  readonly explained: readonly string[];
  readonly violations: readonly string[];
}

export interface RoundOptions {
  /** Empty or new, below the place's folder. */
  readonly folder: string;
  /** For what every host may see. */
  readonly shared: string;
  readonly main: string;
  readonly place: Place;
  readonly random: Random;
  /** After so many strikes it is left in peace. */
  readonly strikes: number;
  /** Seconds from the start of an engine to its strike, at most. */
  readonly within: number;
}

/** Milliseconds that the last engine may take, and what is left after it. */
const PEACE = 240_000;
const PATIENCE = 20_000;

export async function round(options: RoundOptions): Promise<Round> {
  const { folder, shared, main, place, random, strikes, within } = options;
  const whole = join(folder, 'whole');
  const project = join(folder, 'project');
  const notes = join(shared, 'notes');
  const stages = writeProject(whole, random.stream('project'), place.profiles);
  writeProject(project, random.stream('project'), place.profiles);
  const struck: { [way: string]: number } = {};
  const violations: string[] = [];
  let engines = 0;

  const start = (at: string, file: string, profile: string): Engine => {
    engines += 1;
    return startEngine(main, at, profile, {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      ...place.env,
      [NOTES]: file,
    });
  };
  const undisturbed = await start(whole, join(shared, 'whole-notes'), 'local').ended;
  if (undisturbed.code !== 0) throw new Error(`the undisturbed run ended badly: ${undisturbed.said}`);

  for (let left = strikes; ; left--) {
    const profile = pick(random, [
      'there',
      'there',
      'there',
      'there',
      'there',
      'there',
      'apart',
      'apart',
      'local',
    ]);
    const engine = start(project, notes, left > 0 ? profile : 'there');
    // The same project twice at a time.
    const second = left > 0 && random.next() < 0.25 ? start(project, notes, 'there') : undefined;
    const all = [engine, ...(second === undefined ? [] : [second])];
    if (left > 0) {
      await Promise.race([
        Promise.all(all.map(({ ended }) => ended)),
        pause(200 + random.next() ** 2 * within * 1000),
      ]);
      const ways = [
        'kill -9',
        'kill -9',
        'kill -9',
        'Ctrl-C',
        'Ctrl-C, then kill -9',
        ...Object.keys(place.strikes),
      ];
      const way = pick(random, ways);
      struck[way] = (struck[way] ?? 0) + 1;
      await place.strikes[way]?.(all.flatMap(({ child }) => child.pid ?? []));
      // After what was done to the place, engines go on for a while.
      if (place.strikes[way] !== undefined) await pause(1000 + random.next() * 3000);
      for (const { child } of all) {
        if (way.startsWith('Ctrl-C')) child.kill('SIGINT');
        if (way === 'Ctrl-C, then kill -9') await pause(random.next() * 1500);
        if (way !== 'Ctrl-C') child.kill('SIGKILL');
      }
    }
    const over = setTimeout(() => {
      violations.push('an engine did not come to its end');
      for (const { child } of all) if (child.pid !== undefined) kill(child.pid);
    }, PEACE);
    const ends = await Promise.all(all.map(({ ended }) => ended));
    clearTimeout(over);
    for (const { code, said } of ends) {
      if (code !== null && code !== 0 && code !== 130)
        violations.push(`an engine ended with ${code}: ${said}`);
    }
    if (left <= 0 || ends.some(({ code }) => code === 0)) break;
  }

  const orphans = await orphansOf(project, PATIENCE);
  const deadline = performance.now() + PATIENCE;
  let rest = place.left(project);
  while (rest.live.length > 0 && performance.now() < deadline) {
    await pause(1000);
    rest = place.left(project);
  }
  const ids = readdirSync(join(whole, 'out/p'));
  const journals = readJournals(project);
  const audit = auditStarts(ids, readNotes(notes), journals);
  const lying = leftoversIn(project);
  return {
    engines: engines - 1,
    struck,
    stages,
    starts: audit.starts,
    adopted: journals.adopted,
    jobs: journals.jobs.size,
    submissions: place.submissions(project),
    exceptions: audit.exceptions,
    explained: [...lying.explained, ...rest.idle],
    violations: [
      ...violations,
      ...audit.violations,
      ...differences(whole, project, ids).map((id) => `${id} has other bytes`),
      ...journals.failures,
      ...lying.unexplained.map((each) => `left in .warren: ${each}`),
      ...rest.live.map((each) => `left there: ${each}`),
      ...orphans.map((each) => `still runs: ${each}`),
    ],
  };
}

interface Engine {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
}

function startEngine(main: string, cwd: string, profile: string, env: NodeJS.ProcessEnv): Engine {
  const child = spawn(process.execPath, [main, 'run', 'p.yaml', '--profile', profile], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said = `${said}${chunk}`.slice(-2000);
    });
  }
  // `exit`, not `close`: what an engine leaves behind may hold its streams for a while.
  const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
    child.on('exit', (code) => resolve({ code, said })),
  );
  return { child, ended };
}

function pick<T>(random: Random, among: readonly T[]): T {
  return among[random.integer(among.length)] as T;
}
