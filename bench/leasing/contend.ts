/**
 * @file Engines that contend for the GPUs of one machine while they and their jobs are killed. What is proved is read from
 * what the jobs themselves leave: a mark on each GPU.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGpuPool } from '../../engine/executors/gpus/pool.ts';
import { kill, orphansOf } from '../killing/processes.ts';
import { gpuMachineIn } from './machine.ts';
import { type Drawn, writeJob, writePipeline } from './project.ts';
import { type Waits, waitsIn } from './waits.ts';

export interface ContendOptions {
  /** Empty or new; removed by the caller. */
  readonly folder: string;
  /** The built program. */
  readonly main: string;
  readonly engines: number;
  readonly gpus: number;
  readonly seconds: number;
  readonly seed: number;
  readonly say?: (text: string) => void;
}

export interface ContendReport {
  readonly rounds: number;
  readonly killed: { readonly engines: number; readonly jobs: number };
  readonly failed: readonly string[];
  /** Of the time of all GPUs, how much a stage had them. */
  readonly used: number;
  readonly waits: { readonly [gpus: string]: Waits };
  /** Sentences; a sound engine leaves these empty. */
  readonly doubles: readonly string[];
  readonly leaked: readonly string[];
  readonly orphans: readonly string[];
}

const STAGES = 5;
const SIZES = [1, 1, 1, 1, 2, 2, 4];
/** Milliseconds between two kills, about. */
const KILL = 700;
/** After the last engine; a supervisor gives stages ten seconds. Milliseconds. */
const PATIENCE = 20_000;
const SAMPLE = 20;

export async function contend(options: ContendOptions): Promise<ContendReport> {
  const { folder, main, engines, gpus, seconds, seed, say = () => {} } = options;
  const random = randomFrom(seed);
  const marks = join(folder, 'marks');
  mkdirSync(marks);
  const machine = gpuMachineIn(folder, gpus);
  const job = writeJob(folder);
  const projects = Array.from({ length: engines }, (_, at) => join(folder, `engine-${at}`));
  const running = new Map<string, ChildProcess>();
  const killedEngines = new Set<ChildProcess>();
  const failed: string[] = [];
  let jobsKilled = 0;
  let rounds = 0;
  let over = false;

  function draw(): Drawn {
    const size = SIZES[Math.floor(random() * SIZES.length)] as number;
    return { gpus: Math.min(size, gpus), sleep: 50 + Math.floor(random() ** 2 * 600) };
  }

  /** One engine after the other in a project, until the time is over. */
  async function keepRunning(project: string): Promise<void> {
    while (!over) {
      rounds += 1;
      writePipeline(project, rounds, Array.from({ length: STAGES }, draw), job, marks);
      const { PATH, HOME, WARREN_GPU_LEASES } = machine.env;
      const child = spawn(process.execPath, [main, 'run', 'p.yaml', '--keep-going', '-j', '4'], {
        cwd: project,
        env: { PATH, HOME, WARREN_GPU_LEASES },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      running.set(project, child);
      let said = '';
      child.stderr.on('data', (chunk) => {
        said = `${said}${chunk}`.slice(-1000);
      });
      const code = await new Promise((resolve) => child.on('close', resolve));
      // 1: a stage failed, as those whose job was killed do.
      if (code !== 0 && code !== 1 && !killedEngines.has(child)) failed.push(`exit ${code}: ${said}`);
      running.delete(project);
    }
  }

  function strike(): void {
    const engine = [...running.values()][Math.floor(random() * running.size)];
    const jobs = holders(marks);
    if (random() < 0.5 && jobs.length > 0) {
      kill(jobs[Math.floor(random() * jobs.length)] as number);
      jobsKilled += 1;
    } else if (engine?.pid !== undefined) {
      killedEngines.add(engine);
      kill(engine.pid);
    }
  }

  const began = performance.now();
  const samples: number[] = [];
  const sampler = setInterval(() => samples.push(marked(marks).length), SAMPLE);
  const all = Promise.all(projects.map(keepRunning));
  let next = KILL;
  for (let passed = 0; passed < seconds * 1000; passed = performance.now() - began) {
    if (passed >= next) {
      strike();
      next = passed + KILL * (0.5 + random());
    }
    await new Promise((resolve) => setTimeout(resolve, SAMPLE));
  }
  clearInterval(sampler);
  over = true;
  say(
    `${rounds} runs of engines, ${killedEngines.size} killed, and ${jobsKilled} jobs; they come to their end`,
  );
  await all;
  const orphans = await orphansOf(folder, PATIENCE);
  return {
    rounds,
    killed: { engines: killedEngines.size, jobs: jobsKilled },
    failed,
    used: Number((samples.reduce((sum, each) => sum + each, 0) / (samples.length * gpus)).toFixed(2)),
    waits: waitsIn(projects),
    doubles: linesOf(join(marks, 'doubles')),
    leaked: await leaksOf(machine.env, gpus),
    orphans,
  };
}

/** What cannot be had now that nobody is left. */
async function leaksOf(env: NodeJS.ProcessEnv, gpus: number): Promise<string[]> {
  const pool = openGpuPool({ env });
  const verdict = await pool.check({ gpus, gpuMemory: 0 });
  pool.close();
  return verdict.fits === 'now' ? [] : [verdict.fits === 'later' ? verdict.why : verdict.fault.message];
}

function marked(marks: string): string[] {
  return readdirSync(marks).filter((name) => name !== 'doubles');
}

function holders(marks: string): number[] {
  return marked(marks).flatMap((name) => linesOf(join(marks, name)).map(Number));
}

function linesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

/** Mulberry32: the moments are random, what is drawn is the seed's. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
