/** @file Peak memory of one short Node program: asked of itself when it ends, because it is gone before a look from outside. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandOptions, Timed } from './command.ts';
import { warren } from './warren.ts';

const ASK = `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync(process.env.WARREN_BENCH_PEAK, String(process.resourceUsage().maxRSS)));`;

/** `warren ARGS` in a folder, with the bytes that were resident at most: of its own process, not of its stages. */
export async function peakOf(
  args: readonly string[],
  cwd: string,
  options: CommandOptions = {},
): Promise<Timed & { readonly peakBytes: number }> {
  const file = join(cwd, '.peak');
  const hook = `data:text/javascript,${encodeURIComponent(ASK)}`;
  const env = { ...options.env, WARREN_BENCH_PEAK: file, NODE_OPTIONS: `--import=${hook}` };
  const done = await warren(args, { ...options, cwd, env });
  const peakBytes = Number(readFileSync(file, 'utf8')) * 1024;
  rmSync(file);
  return { ...done, peakBytes };
}
