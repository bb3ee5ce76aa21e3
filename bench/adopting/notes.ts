/** @file What the commands themselves noted, and what it says of each stage that was started more than once. */
import { existsSync, readFileSync } from 'node:fs';
import type { Told } from './journals.ts';

export interface Note {
  readonly kind: 'started' | 'told' | 'ended';
  readonly stage: string;
  /** By an engine itself, which takes it down with it; otherwise it goes on alone. */
  readonly bare: boolean;
  readonly at: number;
  /** Its output's path: of one attempt and no other. */
  readonly attempt: string;
}

export function readNotes(file: string): Note[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [kind = '', stage = '', how, at, ...path] = line.split(' ');
      return {
        kind: kind as Note['kind'],
        stage,
        bare: how === 'bare',
        at: Number(at),
        attempt: path.join(' '),
      };
    });
}

export interface Audit {
  readonly starts: number;
  /** Reasons of starts that were not the stage's last, counted. */
  readonly exceptions: { readonly [reason: string]: number };
  /** Sentences; a sound engine leaves it empty. */
  readonly violations: readonly string[];
}

/** `told`: what journals say that became of attempts. */
export function auditStarts(stages: readonly string[], notes: readonly Note[], journals: Told): Audit {
  const exceptions: { [reason: string]: number } = {};
  const violations: string[] = [];
  const started = notes.filter(({ kind }) => kind === 'started');
  for (const stage of stages) {
    const own = started.filter((note) => note.stage === stage);
    if (own.length === 0) violations.push(`${stage} was never started`);
    const seen = new Set<string>();
    for (const { attempt } of own) {
      if (seen.has(attempt)) violations.push(`${stage} was started twice in ${attempt}`);
      seen.add(attempt);
    }
    for (const note of own.slice(0, -1)) {
      const reason = reasonOf(note, notes, journals);
      if (reason === undefined) violations.push(`${stage} was started again after ${note.attempt}`);
      else exceptions[reason] = (exceptions[reason] ?? 0) + 1;
    }
  }
  return { starts: started.length, exceptions, violations };
}

function reasonOf(
  { attempt, bare, stage }: Note,
  notes: readonly Note[],
  journals: Told,
): string | undefined {
  if (bare) return 'local, its engine ended';
  if (notes.some((note) => note.kind === 'told' && note.attempt === attempt)) return 'cancelled';
  const said = journals.retried.get(stage);
  return said === undefined ? undefined : `retried: ${said}`;
}
