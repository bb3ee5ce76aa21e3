/** @file Fields of a fingerprint that changed, as `why` and `accept` print them. */
import type { Json } from '../../base/json.ts';
import type { FieldChange } from '../plan/difference.ts';
import { type Line, span } from '../report/line.ts';
import { table } from '../report/table.ts';

/** A side where the field does not exist is left out. */
export interface ShownChange {
  readonly field: string;
  readonly before?: Json;
  readonly after?: Json;
}

export function shownChange({ path, before, after }: FieldChange): ShownChange {
  return {
    field: path.join('.'),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

/** `with.lr  0.00001 -> 0.00002` */
export function changeLines(changes: readonly ShownChange[]): Line[] {
  return table(
    changes.map(({ field, before, after }) => {
      const [left, right] = field === 'command' ? commands(before, after) : [show(before), show(after)];
      return [span(`  ${field}`), span(`${left} -> ${right}`)];
    }),
  );
}

/** Commands as they are written; as JSON where that would not show the difference. */
function commands(before: Json | undefined, after: Json | undefined): [string, string] {
  const [left, right] = [commandText(before), commandText(after)];
  if (left === undefined || right === undefined || left === right) return [show(before), show(after)];
  return [cut(left), cut(right)];
}

/** Undefined for what is no command. */
function commandText(value: Json | undefined): string | undefined {
  const { parts, words } = Object(value) as { readonly parts?: Json; readonly words?: Json };
  if (Array.isArray(parts)) return textOf(parts);
  if (!Array.isArray(words)) return undefined;
  return words.map((word) => (Array.isArray(word) ? textOf(word) : '')).join(' ');
}

function textOf(parts: readonly Json[]): string {
  return parts
    .map((part) => {
      const { ref, name } = Object(part) as { readonly ref?: string; readonly name?: string };
      return typeof part === 'string' ? part : `\${${ref}.${name}}`;
    })
    .join('');
}

function cut(text: string): string {
  const line = text.replaceAll('\n', ' ');
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}...` : line;
}

const MOST_SHOWN = 120;

/** An input by its digests, `[label digest, ...]` for several; digests by their first digits. */
function show(value: Json | undefined): string {
  if (value === undefined) return 'none';
  const items = itemsOf(value);
  const [only] = items ?? [];
  const text =
    items === undefined
      ? JSON.stringify(value)
      : items.length === 1 && only?.[0] === ''
        ? String(only[2])
        : `[${items.map(([label, , digest]) => `${label} ${digest}`).join(', ')}]`;
  return cut(text.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, '$1'));
}

/** The items of an input in a fingerprint (engine/plan/fingerprint.ts); undefined for any other value. */
function itemsOf(value: Json): readonly (readonly Json[])[] | undefined {
  if (value === null || typeof value !== 'object' || !('items' in value) || !('form' in value))
    return undefined;
  const items = value['items'];
  return Array.isArray(items) && items.every(Array.isArray) ? (items as Json[][]) : undefined;
}
