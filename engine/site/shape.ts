/** @file Shapes of what comes over a link, checked field by field. A field too many is left out, any other surprise refuses all. */
/** The value as it is expected to be; undefined if it is not. */
export type Shape<T> = (value: unknown) => T | undefined;

const MOST_TEXT = 2 ** 20;
const MOST_ITEMS = 2 ** 18;

/** A text of at most so many UTF-16 units. */
export function text(most: number = MOST_TEXT): Shape<string> {
  return (value) => (typeof value === 'string' && value.length <= most ? value : undefined);
}

/** A text that matches as a whole; the pattern says so itself. */
export function matching<T extends string>(pattern: RegExp): Shape<T> {
  return (value) => (typeof value === 'string' && pattern.test(value) ? (value as T) : undefined);
}

export const count: Shape<number> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

export const number: Shape<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

export const flag: Shape<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);

export function either<T extends string>(...words: readonly T[]): Shape<T> {
  return (value) => words.find((word) => word === value);
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value) => (value === null ? null : shape(value));
}

export function list<T>(shape: Shape<T>, most: number = MOST_ITEMS): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length > most) return undefined;
    const items: T[] = [];
    for (const item of value) {
      const taken = shape(item);
      if (taken === undefined) return undefined;
      items.push(taken);
    }
    return items;
  };
}

/** Names that are not known before, each with a value of one shape. */
export function named<T>(shape: Shape<T>): Shape<{ readonly [name: string]: T }> {
  return (value) => {
    if (!isRecord(value)) return undefined;
    const entries: [string, T][] = [];
    for (const [name, item] of Object.entries(value)) {
      const taken = shape(item);
      if (taken === undefined) return undefined;
      entries.push([name, taken]);
    }
    return Object.fromEntries(entries);
  };
}

/** A field whose shape takes `undefined` (see `optional`) may be absent. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const shapes = Object.entries(fields) as [string, Shape<unknown>][];
  return (value) => {
    if (!isRecord(value)) return undefined;
    const taken: { [name: string]: unknown } = {};
    for (const [name, shape] of shapes) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      const field = shape(given);
      if (field === undefined && !(given === undefined && OPTIONAL.has(shape))) return undefined;
      if (field !== undefined) taken[name] = field;
    }
    return taken as T;
  };
}

/** Shapes of fields that may be absent. */
const OPTIONAL = new WeakSet<Shape<unknown>>();

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  const own: Shape<T | undefined> = (value) => shape(value);
  OPTIONAL.add(own);
  return own;
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
