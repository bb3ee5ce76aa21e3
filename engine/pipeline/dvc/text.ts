/** @file Values as DVC writes them into text: commands and names have to come out the same to the letter. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { MapNode, Node, ScalarNode } from '../yaml/tree.ts';

/** `true`, `None`, `1.0`, `1e-05`: booleans as in YAML, all else as Python prints it. */
export function dvcText(node: ScalarNode): string {
  const { value } = node;
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value === null) return 'None';
  return isFloat(node) ? floatText(value) : String(value);
}

function isFloat({ value, written }: ScalarNode): boolean {
  if (!Number.isInteger(value)) return true;
  return written !== undefined && !/^[-+]?0[xo]/.test(written) && /[.eE]/.test(written);
}

/** Shortest digits that read back, positional from 1e-4 up to 1e16. */
function floatText(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** A map in `cmd`: `{a: 1, b: {c: [x, y]}, d: true}` -> `--a 1 --b.c x y --d`. The error names a list inside a list. */
export function optionsText(map: MapNode): Result<string, string> {
  const words: string[] = [];
  const queue: [string, Node][] = [...map.entries.values()].map(({ key, value }) => [key, value]);
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [name, node] = next;
    switch (node.kind) {
      case 'map':
        queue.unshift(
          ...[...node.entries.values()].map(({ key, value }): [string, Node] => [`${name}.${key}`, value]),
        );
        break;
      case 'list': {
        const items: string[] = [];
        for (const item of node.items) {
          if (item.kind !== 'scalar') return err(name);
          items.push(wordOf(item));
        }
        if (items.length > 0) words.push(`--${name} ${items.join(' ')}`);
        break;
      }
      case 'scalar':
        if (node.value === true) words.push(`--${name}`);
        else if (node.value !== false) words.push(`--${name} ${wordOf(node)}`);
        break;
    }
  }
  return ok(words.join(' '));
}

function wordOf(node: ScalarNode): string {
  if (typeof node.value === 'boolean') return node.value ? 'True' : 'False';
  return typeof node.value === 'string' ? quoted(node.value) : dvcText(node);
}

/** As Python's shlex.quote. */
function quoted(word: string): string {
  if (word === '') return "''";
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
