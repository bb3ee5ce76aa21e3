/** @file Names and values as they are written in ids, labels and references. */
import type { Json } from '../../base/json.ts';
import { NAME_PATTERN } from './format.ts';

const NAME = new RegExp(NAME_PATTERN);
/** First words of references and interpolations, so no stage may be called so. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(['in', 'with', 'out', 'env', 'matrix', 'round']);

export function isName(text: string): boolean {
  return NAME.test(text);
}

export type Scalar = null | boolean | number | string;

export function isScalarValue(value: Json): value is Scalar {
  return value === null || typeof value !== 'object';
}

/** A number as every YAML reader takes it: exponents as `1.0e-07`, never `1e-7`, which some read as text. */
export function numberText(value: number): string {
  const text = String(value);
  const match = /^(-?\d+)(\.\d+)?e([+-])(\d+)$/.exec(text);
  if (match === null) return text;
  const [, whole, fraction = '.0', sign, exponent] = match;
  return `${whole}${fraction}e${sign}${(exponent as string).padStart(2, '0')}`;
}

/** Text of a scalar inside other text. */
export function scalarText(value: Scalar): string {
  return typeof value === 'number' ? numberText(value) : String(value);
}

const NUMBER = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const BASED = /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/;

/** A bare word of a selector, read as a YAML 1.2 scalar. */
export function readBare(text: string): Scalar {
  if (/^(?:~|null|Null|NULL)?$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (NUMBER.test(text) || BASED.test(text)) return Number(text) === 0 ? 0 : Number(text);
  return text;
}

/** One text for one value: `1`, `"1"` and `true` stay three; text is bare where it reads back as itself. */
export function valueLabel(value: Scalar): string {
  if (typeof value !== 'string') return scalarText(value);
  return /^[A-Za-z0-9_.+-]+$/.test(value) && readBare(value) === value ? value : JSON.stringify(value);
}

export type Axes = readonly (readonly [axis: string, label: string])[];

/** `seed=1,lr=0.01` */
export function axesText(axes: Axes): string {
  return axes.map(([axis, label]) => `${axis}=${label}`).join(',');
}

/** `a, b, c and 7 more` */
export function listed(items: readonly string[], most = 6): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most ? `${shown} and ${items.length - most} more` : shown;
}
