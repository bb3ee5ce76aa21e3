/** @file What every command knows of its call, and the two ways it answers: lines for people, one JSON line for programs. */
import { readFileSync } from 'node:fs';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Sources } from '../report/diagnostics.ts';
import { renderDiagnostics } from '../report/diagnostics.ts';
import type { Line } from '../report/line.ts';
import { type ColorMode, painter, printTo, wantsColor } from '../report/paint.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { shownPath } from './shown-path.ts';

export interface Call {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: ColorMode;
  readonly cwd: string;
  /** The words of the call, as typed. */
  readonly args: readonly string[];
}

/** A command's answer for programs: `schema` names its shape and version, e.g. `warren/plan/1`. */
export interface Document {
  readonly schema: `warren/${string}/${number}`;
}

/** Where code frames come from and how paths are shown. */
export function sourcesOf(cwd: string): Sources {
  return {
    read: (file) => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
    },
    show: (path) => shownPath(path, cwd),
  };
}

/** Prints the answer on stdout: the document under `--json`, otherwise the lines. */
export function answer<D extends Document>(call: Call, document: D, lines: () => readonly Line[]): void {
  if (call.json) process.stdout.write(`${JSON.stringify(document)}\n`);
  else writeLines(process.stdout, call, lines());
}

/** Prints diagnostics: on stderr for people, as `warren/error/1` under `--json`. Answers the exit code. */
export function refuse(call: Call, diagnostics: readonly Diagnostic[]): ExitCode {
  if (call.json) {
    process.stdout.write(`${JSON.stringify({ schema: 'warren/error/1', diagnostics })}\n`);
  } else {
    warn(call, diagnostics);
  }
  return EXIT.wrong;
}

/** Prints diagnostics on stderr, whatever stdout is for. */
export function warn(call: Call, diagnostics: readonly Diagnostic[]): void {
  writeLines(process.stderr, call, renderDiagnostics(diagnostics, sourcesOf(call.cwd)));
}

/** One error without a place: the call itself is wrong. */
export function refuseCall(call: Call, code: string, message: string, hint?: string): ExitCode {
  return refuse(call, [{ code, severity: 'error', message, hint }]);
}

export function writeLines(stream: NodeJS.WriteStream, call: Call, lines: readonly Line[]): void {
  printTo(stream, painter(wantsColor(call.color, stream, process.env)))(lines);
}
