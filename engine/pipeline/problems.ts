/** @file Collects everything wrong with a pipeline, so that one look at the file can mend it all. */
import { distance } from 'fastest-levenshtein';
import type { Diagnostic, Place } from '../../base/diagnostic.ts';
import { placesIn } from '../../base/place.ts';
import type { Range } from './yaml/tree.ts';

interface More {
  readonly hint?: string | undefined;
  /** Tells apart problems of one code at one place, e.g. two inputs that are missing. */
  readonly about?: string;
  readonly related?: readonly Related[];
}
/** A place in the same file, or one that may be in another. */
export type Related = { readonly message: string } & ({ readonly range: Range } | { readonly place: Place });

export interface Problems {
  error(code: string, range: Range | undefined, message: string, more?: More): void;
  warn(code: string, range: Range | undefined, message: string, more?: More): void;
  /** True when an error stands at exactly this range: what follows from it is not worth saying. */
  errorAt(range: Range): boolean;
  /** Makes errorAt(range) true without a message: a part of the stretch has its own. */
  mark(range: Range): void;
  /** The stretch of `needle` inside `range` where the file spells it so, else `range`. */
  narrow(range: Range, needle: string): Range;
  placeOf(range: Range): Place;
  /** `did you mean "x"?`, or undefined when nothing is near. */
  suggest(name: string, candidates: Iterable<string>): string | undefined;
  readonly errors: readonly Diagnostic[];
  readonly warnings: readonly Diagnostic[];
}

/** Comparisons a load may spend on suggestions: a file of 10,000 wrong references must not take minutes. */
const SUGGESTION_BUDGET = 300_000;

export function problemsIn(file: string, text: string): Problems {
  const place = placesIn(file, text);
  const errors: Diagnostic[] = [];
  const warnings: Diagnostic[] = [];
  const seen = new Set<string>();
  const marked = new Set<string>();
  let budget = SUGGESTION_BUDGET;

  const placeOf = (range: Range): Place => place(range[0], range[1]);

  function add(
    severity: 'error' | 'warning',
    code: string,
    range: Range | undefined,
    message: string,
    more: More = {},
  ): void {
    // Instances of one stage fail together: one problem at one place is told once, in the words of the first.
    const identity =
      range === undefined ? `${code} ${message}` : `${code} ${range[0]} ${range[1]} ${more.about ?? ''}`;
    if (seen.has(identity)) return;
    seen.add(identity);
    if (severity === 'error' && range !== undefined) marked.add(`${range[0]} ${range[1]}`);
    const related = more.related?.map((item) => {
      return { message: item.message, place: 'place' in item ? item.place : placeOf(item.range) };
    });
    (severity === 'error' ? errors : warnings).push({
      code,
      severity,
      message,
      ...(range === undefined ? {} : { place: placeOf(range) }),
      ...(related === undefined || related.length === 0 ? {} : { related }),
      ...(more.hint === undefined ? {} : { hint: more.hint }),
    });
  }

  function suggest(name: string, candidates: Iterable<string>): string | undefined {
    let best: string | undefined;
    let least = 3;
    for (const candidate of candidates) {
      // A length apart is a distance apart; short names would otherwise match anything.
      if (Math.abs(candidate.length - name.length) >= least || budget-- <= 0) continue;
      const apart = distance(name.toLowerCase(), candidate.toLowerCase());
      if (apart < least && apart < Math.max(candidate.length, 2)) {
        least = apart;
        best = candidate;
      }
    }
    return best === undefined ? undefined : `did you mean "${best}"?`;
  }

  function narrow(range: Range, needle: string): Range {
    const at = text.slice(range[0], range[1]).indexOf(needle);
    return at < 0 ? range : [range[0] + at, range[0] + at + needle.length];
  }

  return {
    mark: (range) => marked.add(`${range[0]} ${range[1]}`),
    narrow,
    error: (code, range, message, more) => add('error', code, range, message, more),
    warn: (code, range, message, more) => add('warning', code, range, message, more),
    errorAt: (range) => marked.has(`${range[0]} ${range[1]}`),
    placeOf,
    suggest,
    errors,
    warnings,
  };
}

/** Problems of the call first, then down the file. */
export function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0);
}
