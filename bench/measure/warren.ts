/** @file Calls of the built program, as a user makes them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandOptions, type Timed, timed } from './command.ts';

export const ROOT: string = join(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'dist/engine/cli/main.js');

export interface StageLine {
  readonly id: string;
  readonly kind: string;
  readonly action: 'ran' | 'restored' | 'fresh' | 'failed' | 'skipped' | 'cancelled';
  readonly seconds: number;
}

/** What `warren run --json` prints, as far as the benches read it. */
export interface RunReport {
  readonly schema: string;
  readonly run: string;
  readonly outcome: string;
  readonly stages: readonly StageLine[];
  readonly out: Readonly<Record<string, unknown>>;
}

export function warren(args: readonly string[], options: CommandOptions = {}): Promise<Timed> {
  if (!existsSync(MAIN)) throw new Error('dist/ is missing: run npm run build');
  return timed([process.execPath, MAIN, ...args], options);
}

/** `warren run ... --json`: the report beside the timing. */
export async function runReport(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Timed & { readonly report: RunReport }> {
  const result = await warren(['run', ...args, '--json'], options);
  return { ...result, report: JSON.parse(result.stdout) as RunReport };
}

/** How many stages ended each way: `{fresh: 12}`. */
export function tally(report: RunReport): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action } of report.stages) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** Ids of the stages that ran. */
export const ran = (report: RunReport): string[] =>
  report.stages.filter((stage) => stage.action === 'ran').map((stage) => stage.id);
