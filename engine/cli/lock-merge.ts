import { readFileSync } from 'node:fs';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { errnoOf, writeAtomic } from '../../cache/publish.ts';
import { type LockEntries, lockText, parseWritten } from '../lock/format.ts';
import { mergeLocks } from '../lock/merge.ts';
import { understandLock } from '../lock/understand.ts';
import { span } from '../report/line.ts';
import { answer, type Call, refuse, warn } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';

interface LockMergeDocument {
  readonly schema: 'warren/lock-merge/1';
  readonly stages: number;
  /** Changed on both sides, and differently: in neither's form in the file. */
  readonly dropped: readonly string[];
}

/** `lock merge BASE OURS THEIRS`: a merge driver for git; the merged file takes the place of OURS. */
export function lockMerge(call: Call, base: string, ours: string, theirs: string): Promise<ExitCode> {
  const read = [base, ours, theirs].map(readEntries);
  const wrong = read.flatMap((each) => (each.ok ? [] : each.error));
  if (wrong.length > 0) return Promise.resolve(refuse(call, wrong));
  const [before, left, right] = read.flatMap((each) => (each.ok ? [each.value] : []));
  const { entries, dropped } = mergeLocks(before as LockEntries, left as LockEntries, right as LockEntries);
  writeAtomic(ours, lockText(entries));
  const document: LockMergeDocument = { schema: 'warren/lock-merge/1', stages: entries.size, dropped };
  if (!call.json && dropped.length > 0) warn(call, [droppedWarning(dropped)]);
  answer(call, document, () => (call.quiet ? [] : [[span(`${entries.size} stages`)]]));
  return Promise.resolve(EXIT.done);
}

function readEntries(path: string): Result<LockEntries, readonly Diagnostic[]> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const message = `${path} cannot be read (${errnoOf(error)}).`;
    return err([{ code: 'lock-unreadable', severity: 'error', message }]);
  }
  const written = parseWritten(text);
  return written === undefined ? understandLock(path, text) : ok(written);
}

function droppedWarning(dropped: readonly string[]): Diagnostic {
  const message = `Both sides changed ${dropped.join(', ')}, each in its own way: neither is kept.`;
  const hint = 'the next complete run writes what is right';
  return { code: 'lock-conflict', severity: 'warning', message, hint };
}
