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
    changes.map(({ field, before, after }) => [
      span(`  ${field}`),
      span(`${show(before)} -> ${show(after)}`),
    ]),
  );
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
  const short = text.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, '$1');
  return short.length > MOST_SHOWN ? `${short.slice(0, MOST_SHOWN)}...` : short;
}

/** The items of an input in a fingerprint (engine/plan/fingerprint.ts); undefined for any other value. */
function itemsOf(value: Json): readonly (readonly Json[])[] | undefined {
  if (value === null || typeof value !== 'object' || !('items' in value) || !('form' in value))
    return undefined;
  const items = value['items'];
  return Array.isArray(items) && items.every(Array.isArray) ? (items as Json[][]) : undefined;
}
