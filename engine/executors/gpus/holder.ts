/** @file What a lease's file says of who took it. For people: the lease itself is the lock. */

export interface Holder {
  /** Of the engine that took it. */
  readonly pid: number;
  /** The stage. */
  readonly label: string;
}

const LONGEST = 100;

export function holderText(label: string): string {
  return JSON.stringify({ pid: process.pid, label });
}

/** Written by anybody: only what can be shown on a line of a terminal is taken from it. */
export function parseHolder(text: string): Holder | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, label } = value as { readonly pid?: unknown; readonly label?: unknown };
  if (!Number.isSafeInteger(pid) || typeof label !== 'string') return undefined;
  return { pid: pid as number, label: printable(label) };
}

/** One line of plain characters: nothing that moves a terminal's cursor. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, LONGEST);
}
