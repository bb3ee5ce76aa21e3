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
  const answer = answerAtOnce(args, cwd);
  if (answer === undefined) return undefined;
  const { result, warnings } = answer;
  const quiet = args.includes('--quiet');
  if (warnings.length > 0 && !quiet) {
    const { warn } = await import('./call.ts');
    const at = args.indexOf('--color');
    const color = (at < 0 ? 'auto' : args[at + 1]) as ColorMode;
    warn({ json: false, quiet, color, cwd, args }, warnings);
  }
  if (args.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ ...result, notes: [], warnings: [] })}\n`);
  } else if (!quiet) {
    const skipped = result.stages.filter(({ action }) => action === 'skipped').length;
    const more = skipped > 0 ? `, ${skipped} skipped` : '';
    process.stderr.write(`nothing to do: ${result.stages.length - skipped} fresh${more}\n`);
    const lines = Object.entries(result.out).map(
      ([name, path]) => `out ${safe(`${name}  ${shownPath(path, cwd)}`)}\n`,
    );
    process.stdout.write(lines.join(''));
  }
  return EXIT.done;
}
