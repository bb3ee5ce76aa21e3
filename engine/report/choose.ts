import type { Sources } from './diagnostics.ts';
import { type Clock, liveReporter } from './live.ts';
import { type ColorMode, painter, printTo, type Results, wantsColor } from './paint.ts';
import { plainReporter } from './plain.ts';
import { quietReporter } from './quiet.ts';
import type { Reporter } from './reporter.ts';
import { sizeOf } from './window.ts';

export interface ReporterChoice {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: ColorMode;
  readonly sources: Sources;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: { readonly [name: string]: string | undefined };
}

const CLOCK: Clock = {
  now: Date.now,
  every: (ms, tick) => {
    const timer = setInterval(tick, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** The reporter of a run: progress on stderr, results on stdout; under `--json` stdout is left for the one line. */
export function chooseReporter({
  json,
  quiet,
  color,
  sources,
  stdout,
  stderr,
  env,
}: ReporterChoice): Reporter {
  const paint = painter(wantsColor(color, stderr, env));
  const progress = printTo(stderr, paint);
  if (quiet) return quietReporter(progress, sources);
  const shown = json ? stderr : stdout;
  const results: Results = {
    print: json ? progress : printTo(stdout, painter(wantsColor(color, stdout, env))),
    columns: () => (shown.isTTY === true ? sizeOf(shown).columns : Number.POSITIVE_INFINITY),
  };
  // A CI service may offer a terminal, but its log keeps every drawing.
  const live = stderr.isTTY === true && (env['CI'] ?? '') === '' && env['TERM'] !== 'dumb';
  if (!live) return plainReporter({ progress, results, sources });
  const terminal = { write: (text: string) => stderr.write(text), size: () => sizeOf(stderr) };
  return liveReporter({ terminal, paint, results, sources, clock: CLOCK });
}
