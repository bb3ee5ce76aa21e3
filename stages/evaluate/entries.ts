/** @file The rows of a comparison: one response a prompt, from a model, from best-of-n, or from the pairs themselves. */
import type { Response } from '../runtime/record-types.ts';

export type EntryKind = 'reference' | 'model' | 'best-of';

export interface Entry {
  readonly label: string;
  readonly kind: EntryKind;
  /** One a prompt, in the order of the prompts. */
  readonly rows: readonly Response[];
}

/** An entry and what the judges say of it. All lists run in parallel with `rows`. */
export interface Judged extends Entry {
  /** By judge; `judge` is the one whose score is the reward. */
  readonly rewards: { readonly [judge: string]: readonly number[] };
  /** Log-probabilities of each response's tokens under the perplexity model. */
  readonly logprobs: readonly (readonly number[])[] | null;
}

/** What a line of the table is about: one entry, or all seeds of one. */
export interface Series {
  readonly label: string;
  readonly kind: EntryKind | 'pooled';
  readonly members: readonly Judged[];
}

/** A label without its seed: `rrhf[lr=1e-05,seed=2]` is `rrhf[lr=1e-05]`, `rrhf[seed=2]` is `rrhf`. */
export function withoutSeed(label: string): string {
  return label.replace(/\[([^\]]*)\]/g, (_, terms: string) => {
    const kept = terms.split(',').filter((term) => !term.startsWith('seed='));
    return kept.length === 0 ? '' : `[${kept.join(',')}]`;
  });
}

/** The seed terms of a label, to compare like with like; empty where there are none. */
export function seedOf(label: string): string {
  return label.match(/(?<=[[,])seed=[^,\]]*/g)?.join(',') ?? '';
}

/** Every entry as a series; entries that differ in their seed alone are followed by all of them pooled. */
export function seriesOf(entries: readonly Judged[]): Series[] {
  const groups = new Map<string, Judged[]>();
  for (const entry of entries) {
    const name = withoutSeed(entry.label);
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups].flatMap(([label, members]): Series[] => {
    const single = members.map((entry) => ({ label: entry.label, kind: entry.kind, members: [entry] }));
    return members.length < 2 ? single : [...single, { label, kind: 'pooled', members }];
  });
}
