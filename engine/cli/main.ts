#!/usr/bin/env node
/** @file Entry of the program. Nothing heavy is imported here: doing nothing has to be fast. */
import { EXIT, type ExitCode } from './exit.ts';

// A reader that has seen enough (`warren graph | head`) is no error, and of a terminal that is gone the signal tells.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  if (error.code !== 'EIO') throw error;
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EIO' && error.code !== 'EPIPE') throw error;
});

async function main(args: readonly string[]): Promise<ExitCode> {
  if (args.includes('run')) {
    const { runAgain } = await import('./again.ts');
    const code = await runAgain(args, process.cwd());
    if (code !== undefined) return code;
  }
  const { callProgram } = await import('./program.ts');
  return callProgram(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // Expected failures are values; whatever is thrown to here is a bug.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `Internal error: ${text}\nThis is a bug in warren; please report it with the lines above.\n`,
  );
  process.exitCode = EXIT.bug;
}
