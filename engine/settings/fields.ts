/** @file What a setting of an executor may be: its JSON Schema, and how a value that fits it is read. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { JsonObject } from '../../base/json.ts';
import { parseSize } from '../pipeline/expand/resources.ts';
import type { Problems } from '../pipeline/problems.ts';
import type { Node } from '../pipeline/yaml/tree.ts';

export interface Reading {
  /** Folder of `warren.yaml`. */
  readonly root: string;
  readonly problems: Problems;
}

export interface Field<T> {
  /** With a description, for editors. */
  readonly schema: JsonObject;
  readonly required?: true;
  /** The value at a node that fits the schema; undefined when something is wrong, which is said then. */
  read(node: Node, reading: Reading): T | undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const CONTROLS: RegExp = /[\u0000-\u001f\u007f-\u009f]/;

/** Reads text, where `fault` may say what is wrong with it: what follows "must be". */
function text(
  description: string,
  expected: string,
  fits: (value: string) => boolean,
  more: { readonly code?: string; readonly made?: (value: string, reading: Reading) => string } = {},
): Field<string> {
  return {
    schema: { description, type: 'string' },
    read: (node, reading) => {
      const value = wordOf(node);
      if (fits(value) && !CONTROLS.test(value)) return more.made?.(value, reading) ?? value;
      reading.problems.error(more.code ?? 'wrong-format', node.range, `This must be ${expected}.`, {
        hint: description,
      });
      return undefined;
    },
  };
}

/** A scalar as text, a number as it is written. */
export function wordOf(node: Node): string {
  if (node.kind !== 'scalar') return '';
  return node.written ?? String(node.value ?? '');
}

/** A name that a scheduler knows. */
export function word(description: string): Field<string> {
  return text(description, 'one word that does not begin with -', (value) => /^[^-\s]\S*$/.test(value));
}

/** A path on this machine; a relative one starts at the folder of the settings. */
export function path(description: string): Field<string> {
  return text(description, 'a path', (value) => value !== '', {
    made: (value, { root }) =>
      value === '~' || value.startsWith('~/') ? join(homedir(), value.slice(1)) : resolve(root, value),
  });
}

/** A path on another machine, where nothing says what a relative one would start at. */
export function pathThere(description: string): Field<string> {
  return text(description, 'a path that begins with / or ~/', (value) => /^(?:\/|~\/.)/.test(value));
}

/** A program there: a name for its PATH, or a path. */
export function program(description: string): Field<string> {
  return text(description, 'a name, or a path that begins with / or ~/', (value) =>
    /^(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*|~?\/.+)$/.test(value),
  );
}

/** An address without user, password, query: what is secret belongs into the environment. */
export function address(description: string): Field<string> {
  return {
    schema: { description, type: 'string' },
    read: (node, { problems }) => {
      const url = URL.canParse(wordOf(node)) ? new URL(wordOf(node)) : undefined;
      if (url !== undefined && (url.username !== '' || url.password !== '')) {
        // Without its place: the line would be shown.
        const message = 'The address of an executor holds a user or a password.';
        problems.error('bad-address', undefined, message, {
          hint: 'credentials belong into the environment',
        });
        return undefined;
      }
      const fits =
        url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
      if (fits) return wordOf(node).replace(/\/+$/, '');
      problems.error('bad-address', node.range, 'This is not the address of a server.', {
        hint: 'write https://HOST or https://HOST:PORT',
      });
      return undefined;
    },
  };
}

export function truth(description: string): Field<boolean> {
  return {
    schema: { description, type: 'boolean' },
    read: (node) => node.kind === 'scalar' && node.value === true,
  };
}

/** One of these words. */
export function choice<W extends string>(description: string, among: readonly W[]): Field<W> {
  return {
    schema: { description, enum: [...among] },
    read: (node) => among.find((each) => each === wordOf(node)),
  };
}

export function count(description: string): Field<number> {
  return {
    schema: { description, type: 'integer', minimum: 1 },
    read: (node) => Number(wordOf(node)),
  };
}

export function cores(description: string): Field<number> {
  return {
    schema: { description, type: 'number', exclusiveMinimum: 0 },
    read: (node) => Number(wordOf(node)),
  };
}

export function size(description: string): Field<number> {
  return {
    schema: { description, type: ['string', 'number'] },
    read: (node, { problems }) => {
      const bytes = node.kind === 'scalar' ? parseSize(node.value) : undefined;
      if (bytes !== undefined && bytes > 0) return bytes;
      const message = 'This must be bytes, or a size such as 512M or 40G (binary: 1G = 2^30 bytes).';
      problems.error('wrong-format', node.range, message, { hint: 'write 40G' });
      return undefined;
    },
  };
}

/** Sizes by name. */
export function sizes(description: string): Field<{ readonly [name: string]: number }> {
  const one = size(description);
  return {
    schema: { description, type: 'object', additionalProperties: { type: ['string', 'number'] } },
    read: (node, reading) => {
      const entries = node.kind === 'map' ? [...node.entries.values()] : [];
      const read = entries.map(({ key, value }) => [key, one.read(value, reading)] as const);
      const good = read.filter((entry): entry is [string, number] => entry[1] !== undefined);
      return good.length === read.length ? Object.fromEntries(good) : undefined;
    },
  };
}

/** Values by name, as a cluster knows them. */
export function labels(description: string): Field<{ readonly [label: string]: string }> {
  const one = word(description);
  return {
    schema: { description, type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } },
    read: (node, reading) => {
      const entries = node.kind === 'map' ? [...node.entries.values()] : [];
      const read = entries.map(({ key, value }) => [key, one.read(value, reading)] as const);
      const good = read.filter((entry): entry is [string, string] => entry[1] !== undefined);
      return good.length === read.length ? Object.fromEntries(good) : undefined;
    },
  };
}

/** Words of a command, one list item each. */
export function words(description: string, least = 0): Field<readonly string[]> {
  return {
    schema: { description, type: 'array', minItems: least, items: { type: ['string', 'number'] } },
    read: (node, { problems }) => {
      const items = node.kind === 'list' ? node.items : [];
      const bad = items.find((item) => CONTROLS.test(wordOf(item)));
      if (bad === undefined) return items.map(wordOf);
      problems.error('wrong-format', bad.range, 'This must be text without control characters.', {
        hint: description,
      });
      return undefined;
    },
  };
}

export function required<T>(field: Field<T>): Field<T> {
  return { ...field, required: true };
}
