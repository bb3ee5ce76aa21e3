/** @file What is around a request and an answer: the number they belong together by, and faults. */
import type { ExecutorFault } from '../executors/contract.ts';
import { printable } from './faults.ts';
import type { Frame } from './frame.ts';
import { count, flag, optional, record, type Shape, text } from './shape.ts';

export interface Asked {
  readonly id: number;
  readonly op: string;
  readonly ask: unknown;
}

export type Told =
  | { readonly id: number; readonly answer: unknown; readonly bytes: Buffer }
  | { readonly id: number; readonly fault: ExecutorFault }
  /** An error of the system there. */
  | { readonly id: number; readonly errno: string; readonly message: string };

const FAULT: Shape<ExecutorFault> = record<ExecutorFault>({
  code: text(64),
  message: text(4096),
  hint: optional(text(4096)),
  command: optional(text(2 ** 16)),
  output: optional(text(2 ** 16)),
  passing: flag,
});

interface Failed {
  readonly errno: string;
  readonly message: string;
}

const FAILED: Shape<Failed> = record<Failed>({ errno: text(64), message: text(4096) });

/** Undefined: it is no answer to anything. What is neither answer nor fault is an answer that no shape fits. */
export function answerIn({ header, bytes }: Frame): Told | undefined {
  const { id: number, answer, fault } = (header ?? {}) as { id?: unknown; answer?: unknown; fault?: unknown };
  const id = count(number);
  if (id === undefined) return undefined;
  const failed = FAILED(header);
  if (failed !== undefined) return { id, ...failed };
  const told = FAULT(fault);
  return told === undefined ? { id, answer, bytes } : { id, fault: readable(told) };
}

/** What a fault says is text for people. */
function readable({ code, message, hint, command, output, passing }: ExecutorFault): ExecutorFault {
  return {
    code: /^[a-z][a-z0-9-]*$/.test(code) ? code : 'remote-answer',
    message: printable(message),
    hint: hint && printable(hint),
    command: command && printable(command),
    output: output && printable(output),
    passing,
  };
}

/** Undefined: it is no request. */
export function askedIn({ header }: Frame): Asked | undefined {
  return ASKED(header);
}

const ASKED: Shape<Asked> = record<Asked>({
  id: count,
  op: text(64),
  ask: (value: unknown) => value ?? {},
});
