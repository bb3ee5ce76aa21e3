/** @file Reads what comes from a stage process: text lines, and JSON lines of the stage protocol. */
import type { StageMessage } from '../../stages/protocol/task.ts';

/** Splits chunks into lines; `end` gives a last line that had no newline. */
export function lineSplitter(take: (line: string) => void): { push(chunk: string): void; end(): void } {
  let rest = '';
  return {
    push: (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line.endsWith('\r') ? line.slice(0, -1) : line);
    },
    end: () => {
      if (rest !== '') take(rest);
      rest = '';
    },
  };
}

/** A message; `unknown` for a type of a later version; undefined for what is no message at all. */
export function parseMessage(line: string): StageMessage | 'unknown' | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  const check = CHECKS[value.type as StageMessage['type']];
  if (check === undefined) return 'unknown';
  return check(value as Fields) ? (value as StageMessage) : undefined;
}

type Fields = { readonly [name: string]: unknown };

const CHECKS: { readonly [T in StageMessage['type']]: (fields: Fields) => boolean } = {
  progress: ({ step, total, metrics }) => isNumber(step) && isNumber(total) && isMetrics(metrics),
  metric: ({ name, value, step }) => isString(name) && isNumber(value) && isNumber(step),
  note: ({ text }) => isString(text),
  report: ({ markdown }) => isString(markdown),
  failure: ({ failure }) => isFailure(failure),
};

function isNumber(value: unknown): boolean {
  return typeof value === 'number';
}

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isMetrics(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && Object.values(value).every(isNumber);
}

function isFailure(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message } = value as Fields;
  return isString(code) && isString(message);
}
