/**
 * @file Kills engines and stages at random moments, and looks at what is left: no orphan, no partial result, no
 * finished stage lost, no lock to remove. Then the same call again has to end well with the right bytes.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { auditCache } from './audit.ts';
import { kill, orphansOf, processesWith } from './processes.ts';
import { argumentsOf, type Settings, writeProject } from './project.ts';

export interface KillOptions {
  /** Empty or new; removed by the caller. */
  readonly folder: string;
  /** The built program. */
  readonly main: string;
  readonly rounds: number;
  readonly seed: number;
  /** Bytes of the largest output. */
  readonly largest: number;
  readonly say?: (text: string) => void;
}

export interface KillReport {
  readonly rounds: number;
  /** Rounds by what was killed; `nothing`: it had ended before. */
  readonly killed: { engine: number; stage: number; nothing: number };
  /** Stages that had ended, or were in the midst of it, when the kill came: how the moments are spread. */
  readonly finishedBefore: number[];
  /** Rounds in which the killed call was for settings that had results already. */
  back: number;
  /** Sentences, the first of each; a sound engine leaves all of these empty. `stuck`: the call again did not end well. */
  readonly orphans: string[];
  readonly partial: string[];
  readonly lost: string[];
  readonly stuck: string[];
  readonly wrong: string[];
}

/** After the engine's end; its supervisor gives stages ten seconds before it kills. Milliseconds. */
const PATIENCE = 15_000;
/** Faults of a kind that are kept. */
const SHOWN = 5;
/** The cache starts anew after so many rounds: large outputs would fill the disk. */
const FRESH_AFTER = 15;

export async function killRounds(options: KillOptions): Promise<KillReport> {
  const { folder, main, rounds, seed, largest, say = () => {} } = options;
  const random = randomFrom(seed);
  const report: KillReport = {
    rounds,
    killed: { engine: 0, stage: 0, nothing: 0 },
    finishedBefore: [0, 0, 0, 0, 0, 0],
    back: 0,
    orphans: [],
    partial: [],
    lost: [],
    stuck: [],
    wrong: [],
  };
  const known = new Set<string>();
  const fault = (list: 'orphans' | 'partial' | 'lost' | 'stuck' | 'wrong', text: string): void => {
    if (report[list].length < SHOWN) report[list].push(text);
  };
  const expected = new Map<number, string>();
  const seen: Settings[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (round % FRESH_AFTER === 0) {
      rmSync(folder, { recursive: true, force: true });
      writeProject(folder);
      seen.length = 0;
      known.clear();
    }
    const goBack = seen.length > 0 && random() < 0.25;
    const settings = goBack
      ? (seen[Math.floor(random() * seen.length)] as Settings)
      : {
          v: round,
          size: Math.max(1, Math.round(largest ** random())),
          count: 20 + Math.floor(random() * 200),
        };
    if (goBack) report.back += 1;
    else seen.push(settings);
    const label = `round ${round}, ${JSON.stringify(settings)}`;
    const victim = random() < 0.6 ? 'engine' : 'stage';
    const before = new Set(runsOf(folder));
    const first = start(main, folder, settings);
    // Some events into the run, and then a little: evenly over all that a run does, on machines of any speed.
    await untilEvents(folder, before, Math.floor(random() * 14), first.done);
    await new Promise((resolve) => setTimeout(resolve, random() ** 3 * 120));
    const struck = strike(victim, first.pid, folder);
    report.killed[struck] += 1;
    await first.done;
    for (const orphan of await orphansOf(folder, PATIENCE)) fault('orphans', `${label}: ${orphan}`);
    const finished = finishedStages(folder, before);
    report.finishedBefore[Math.min(finished.size, 5)] =
      (report.finishedBefore[Math.min(finished.size, 5)] ?? 0) + 1;
    for (const text of auditCache(join(folder, '.warren/cache'), known))
      fault('partial', `${label}: ${text}`);

    const { code, stdout, stderr } = await start(main, folder, settings).done;
    if (code !== 0) {
      fault('stuck', `${label}: exit ${code}: ${stderr.slice(-300)}`);
      continue;
    }
    const { stages } = JSON.parse(stdout) as { stages: { id: string; action: string }[] };
    for (const { id, action } of stages) {
      if (action === 'ran' && finished.has(id)) fault('lost', `${label}: ${id} had ended and ran again`);
    }
    for (const text of auditCache(join(folder, '.warren/cache'), known))
      fault('partial', `${label}: ${text}`);
    const result = digestOut(folder);
    const right = expected.get(settings.v) ?? result;
    expected.set(settings.v, right);
    if (result !== right || !isRight(folder, settings)) fault('wrong', `${label}: other results`);
    if (round % 10 === 9) say(`${round + 1} of ${rounds}: ${JSON.stringify(report.killed)}`);
  }
  return report;
}

/** A round counts by what was really there to be killed. */
function strike(victim: 'engine' | 'stage', engine: number, folder: string): 'engine' | 'stage' | 'nothing' {
  const all = processesWith(folder);
  const stages = all.filter(({ pid, command }) => pid !== engine && !command.includes('supervisor'));
  const stage = stages.at(-1);
  if (victim === 'stage' && stage !== undefined) {
    kill(stage.pid);
    return 'stage';
  }
  const alive = all.some(({ pid }) => pid === engine);
  kill(engine);
  return alive ? 'engine' : 'nothing';
}

function start(
  main: string,
  folder: string,
  settings: Settings,
): { pid: number; done: Promise<{ code: number | null; stdout: string; stderr: string }> } {
  const child = spawn(process.execPath, [main, ...argumentsOf(settings)], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const done = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.on('exit', (code) => resolve({ code, stdout, stderr }));
  });
  return { pid: child.pid as number, done };
}

function runsOf(folder: string): string[] {
  const runs = join(folder, '.warren/runs');
  return existsSync(runs) ? readdirSync(runs).sort() : [];
}

/** Events of the newest run that is not among `before`; the last line may be torn. */
function eventsOf(
  folder: string,
  before: ReadonlySet<string>,
): { type: string; stage?: string; action?: string }[] {
  const last = runsOf(folder).findLast((run) => !before.has(run));
  const journal = join(folder, '.warren/runs', last ?? 'none', 'events.jsonl');
  if (!existsSync(journal)) return [];
  return readFileSync(journal, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as { type: string; stage?: string; action?: string }];
      } catch {
        return [];
      }
    });
}

async function untilEvents(
  folder: string,
  before: ReadonlySet<string>,
  count: number,
  done: Promise<unknown>,
): Promise<void> {
  let ended = false;
  void done.then(() => {
    ended = true;
  });
  while (!ended && eventsOf(folder, before).length < count) {
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

/** Stages that the killed call had brought to an end. */
function finishedStages(folder: string, before: ReadonlySet<string>): Set<string> {
  const ended = eventsOf(folder, before).filter(
    ({ type, action }) => type === 'stage-done' && action === 'ran',
  );
  return new Set(ended.map(({ stage }) => stage as string));
}

function digestOut(folder: string): string {
  return readFileSync(join(folder, 'out/killed/joined'), 'utf8');
}

/** The placed file, beside what the program writes for these settings. */
function isRight(folder: string, { v, size }: Settings): boolean {
  const bytes = readFileSync(join(folder, 'out/killed/large'));
  if (bytes.length !== size) return false;
  const once = createHash('sha512').update(`large ${v}`).digest();
  for (let at = 0; at < bytes.length; at += 65536) {
    const block = bytes.subarray(at, at + 65536);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(at / 65536, 0);
    if (!block.subarray(0, 4).equals(head.subarray(0, Math.min(4, block.length)))) return false;
    const end = Math.min(block.length, 64 * Math.floor(block.length / 64));
    for (let i = 64; i < end; i += 64) if (!block.subarray(i, i + 64).equals(once)) return false;
  }
  return true;
}

/** Mulberry32: the moments are random, the settings are the seed's. */
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
