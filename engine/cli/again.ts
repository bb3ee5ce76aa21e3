import type { Event } from '../event.ts';
import type { ColorMode } from '../report/paint.ts';
import { safe } from '../report/safe.ts';
import { answerAtOnce } from '../run/quick.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { shownPath } from './shown-path.ts';

/**
 * The same call as one that was complete, with nothing changed since: answered without the parser, the planner or a
 * reporter, in the reporters' words. Undefined for every other call.
 */
export async function runAgain(args: readonly string[], cwd: string): Promise<ExitCode | undefined> {
  const answer = await answerAtOnce(args, cwd);
  if (answer === undefined) return undefined;
  const { result, warnings, events } = answer;
  const quiet = args.includes('--quiet');
  const json = args.includes('--json');
  const at = args.indexOf('--color');
  const color = (at < 0 ? 'auto' : args[at + 1]) as ColorMode;
  if (warnings.length > 0 && !quiet) {
    const { warn } = await import('./call.ts');
    warn({ json: false, quiet, color, cwd, args }, warnings);
  }
  const restored = result.stages.some(({ action }) => action === 'restored');
  if (restored && !quiet) await report(events, { json, quiet, color, cwd });
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...result, notes: [], warnings: [] })}\n`);
  } else if (!quiet) {
    const skipped = result.stages.filter(({ action }) => action === 'skipped').length;
    const more = skipped > 0 ? `, ${skipped} skipped` : '';
    if (!restored) process.stderr.write(`nothing to do: ${result.stages.length - skipped} fresh${more}\n`);
    const lines = Object.entries(result.out).map(
      ([name, path]) => `out ${safe(`${name}  ${shownPath(path, cwd)}`)}\n`,
    );
    process.stdout.write(lines.join(''));
  }
  return EXIT.done;
}

/** Only for what was put back: the words of a run. */
async function report(
  events: readonly Event[],
  { cwd, ...choice }: { json: boolean; quiet: boolean; color: ColorMode; cwd: string },
): Promise<void> {
  const { chooseReporter } = await import('../report/choose.ts');
  const { sourcesOf } = await import('./call.ts');
  const { stdout, stderr, env } = process;
  const reporter = chooseReporter({ ...choice, sources: sourcesOf(cwd), stdout, stderr, env });
  for (const event of events) reporter.event(event);
  reporter.close();
}
