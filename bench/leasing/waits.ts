/** @file How long stages waited for their GPUs, from what the engines wrote of their runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Waits {
  readonly stages: number;
  /** Seconds. */
  readonly p50: number;
  readonly p95: number;
  readonly longest: number;
}

interface Told {
  readonly type: string;
  readonly at: number;
  readonly stage?: string;
  readonly state?: string;
  readonly reason?: string;
  readonly gpus?: readonly string[];
}

/** By the number of GPUs. Stages of runs that were killed count as far as they came. */
export function waitsIn(projects: readonly string[]): { [gpus: string]: Waits } {
  const seconds = new Map<number, number[]>();
  for (const project of projects) {
    for (const journal of journalsOf(project)) {
      const asked = new Map<string, number>();
      for (const { type, at, stage = '', state, reason, gpus } of journal) {
        if (type === 'stage-waiting' && reason === 'resources' && !asked.has(stage)) asked.set(stage, at);
        if (type !== 'stage-placed' || state !== 'running' || gpus === undefined) continue;
        const waited = (at - (asked.get(stage) ?? at)) / 1000;
        seconds.set(gpus.length, [...(seconds.get(gpus.length) ?? []), waited]);
        asked.delete(stage);
      }
    }
  }
  const sizes = [...seconds].sort(([a], [b]) => a - b);
  return Object.fromEntries(sizes.map(([gpus, waits]) => [gpus, summed(waits.sort((a, b) => a - b))]));
}

function summed(waits: readonly number[]): Waits {
  const part = (share: number): number =>
    Number((waits[Math.min(waits.length - 1, Math.floor(share * waits.length))] ?? 0).toFixed(2));
  return { stages: waits.length, p50: part(0.5), p95: part(0.95), longest: part(1) };
}

function journalsOf(project: string): Told[][] {
  const runs = join(project, '.warren/runs');
  return list(runs).map((run) => {
    const text = read(join(runs, run, 'events.jsonl'));
    // The last line of a killed engine may be torn.
    return text.split('\n').flatMap((line) => parsed(line));
  });
}

function parsed(line: string): Told[] {
  try {
    return [JSON.parse(line) as Told];
  } catch {
    return [];
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
