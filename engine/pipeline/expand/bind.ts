/** @file `in:` of an instance and the pipeline's `out:` -> bindings: one value, a map, a list or a group. */
import { compareCodePoints } from '../../../base/canonical.ts';
import type { Binding, Source } from '../graph.ts';
import type { Entry, MapNode, Node, Range, ScalarNode } from '../yaml/tree.ts';
import type { Binder, Bound, Items, Need, One, Spot, Told } from './binder.ts';
import type { Referrer } from './resolve.ts';
import { sourceOf } from './source.ts';
import type { Expected } from './types.ts';

export function bind(entry: Entry, expected: Expected, referrer: Referrer, binder: Binder): Bound {
  const { problems } = binder;
  const needs: Need[] = [];
  const node = entry.value;
  let spot: Spot = { problems, range: node.range };
  const find = (value: Node, wanted = expected): One | null | undefined =>
    sourceOf(value, { expected: wanted, referrer, binder, needs });
  const binding = problems.errorAt(node.range) ? undefined : shape(node);
  return { binding, needs, spot };

  function shape(value: Node): Binding | null | undefined {
    const told: Told = { spot, related: [] };
    switch (value.kind) {
      case 'list':
        return fits('list', told) ? many('list', listItems(value.items), value.range) : undefined;
      case 'map':
        return fits('map', told) ? many('map', mapItems(value), value.range) : undefined;
      case 'scalar':
        return scalar(value);
    }
  }

  function scalar(value: ScalarNode): Binding | null | undefined {
    const found = find(value);
    if (found === undefined) return undefined;
    if (found === null) {
      if (expected.optional) return null;
      missing(value.range);
      return undefined;
    }
    spot = found.told.spot;
    if (found.form === 'items') {
      return fits(found.as, found.told) ? { arity: 'many', form: found.as, items: found.items } : undefined;
    }
    // One value where a list is taken is a list of one.
    if (expected.arity === 'list') return { arity: 'many', form: 'list', items: [['0', found.source]] };
    return fits('one', found.told) ? { arity: 'one', source: found.source } : undefined;
  }

  function many(form: 'map' | 'list', items: Items | undefined, range: Range): Binding | undefined {
    if (items === undefined) return undefined;
    if (items.length > 0) return { arity: 'many', form, items };
    problems.error('empty-input', range, `${expected.what} is empty.`, {
      hint: expected.optional ? 'leave it out' : 'give it at least one value',
    });
    return undefined;
  }

  function listItems(nodes: readonly Node[]): Items | undefined {
    const items: (readonly [string, Source])[] = [];
    let whole = true;
    for (const item of nodes) {
      const found = member(item);
      if (found === undefined) whole = false;
      else if (found.form === 'source') items.push([String(items.length), found.source]);
      else for (const [, source] of found.items) items.push([String(items.length), source]);
    }
    return whole ? items : undefined;
  }

  function mapItems(map: MapNode): Items | undefined {
    const items: (readonly [string, Source])[] = [];
    let whole = true;
    for (const { key, keyRange, value } of map.entries.values()) {
      if (!isLabel(key)) {
        problems.error('bad-name', keyRange, `"${key}" cannot be a label.`, {
          hint: 'labels become file names: no /, no control characters',
        });
      }
      const found = member(value);
      if (found === undefined) whole = false;
      else if (found.form === 'source') items.push([key, found.source]);
      else for (const [label, source] of found.items) items.push([`${key}[${label}]`, source]);
    }
    return whole ? items.sort((a, b) => compareCodePoints(a[0], b[0])) : undefined;
  }

  function member(item: Node): One | undefined {
    const found = find(item, { ...expected, optional: binder.optional === true });
    if (found === null) missing(item.range);
    return found ?? undefined;
  }

  function missing(range: Range): void {
    problems.error('missing-input', range, `${expected.what} is null, and it is needed.`, {
      hint: 'give a path or a reference',
    });
  }

  function fits(form: 'one' | 'list' | 'map' | 'group', told: Told): boolean {
    const taken = TAKES[expected.arity ?? 'one'];
    if (taken.forms.includes(form)) return true;
    told.spot.problems.error(
      'wrong-arity',
      told.spot.range,
      `${expected.what} takes ${taken.words}, but this is ${FORM_WORDS[form]}.`,
      { hint: taken.hint, related: told.related },
    );
    return false;
  }
}

const FORM_WORDS = { one: 'one value', list: 'a list', map: 'a map', group: 'a group of several' } as const;
const TAKES: {
  readonly [A in NonNullable<Expected['arity']>]: {
    readonly forms: readonly string[];
    readonly words: string;
    readonly hint: string;
  };
} = {
  one: { forms: ['one'], words: 'one value', hint: 'choose one of them' },
  map: { forms: ['map', 'group'], words: 'a map', hint: 'label each value: {label: value}' },
  list: { forms: ['one', 'list', 'group'], words: 'a list', hint: 'write [value, value]' },
  any: { forms: ['one', 'list', 'map', 'group'], words: 'anything', hint: '' },
};

/** Labels are folder entries for commands. */
function isLabel(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && text.length <= 200 && !/[/\\\p{Cc}]/u.test(text);
}
