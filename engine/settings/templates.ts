/** @file Settings of commands with placeholders, and of what their output means. */
import { resolve } from 'node:path';
import type { TemplateWord } from '../executors/settings.ts';
import type { Node } from '../pipeline/yaml/tree.ts';
import { CONTROLS, type Field, type Reading, wordOf } from './fields.ts';

/** Of the command that submits. */
export const SUBMIT_PLACEHOLDERS = [
  'name',
  'folder',
  'script',
  'cpus',
  'memory_mb',
  'gpus',
  'time_minutes',
] as const;

const WORD = { type: ['string', 'number'] };

/** Words of a command of this machine; lists among them are left out where a stage does not ask for what they give. */
export function template(
  description: string,
  placeholders: readonly string[],
): Field<readonly TemplateWord[]> {
  const shown = placeholders.map((name) => `{${name}}`).join(' ');
  return {
    schema: {
      description: `${description}. Placeholders: ${shown}`,
      type: 'array',
      minItems: 1,
      items: { anyOf: [WORD, { type: 'array', minItems: 1, items: WORD }] },
    },
    read: (node, reading) => {
      const parts = node.kind === 'list' ? node.items : [];
      const words = parts.map((part) =>
        part.kind === 'list'
          ? part.items.map((item) => readWord(item, placeholders, reading))
          : readWord(part, placeholders, reading),
      );
      if (words.flat().includes(undefined)) return undefined;
      const [first, ...rest] = words as TemplateWord[];
      if (typeof first !== 'string') {
        const message = 'The first word of a command is its program.';
        reading.problems.error('wrong-format', node.range, message, { hint: 'begin with its name or path' });
        return undefined;
      }
      // A path starts at the folder of the settings.
      return [/^\.{1,2}\//.test(first) ? resolve(reading.root, first) : first, ...rest];
    },
  };
}

function readWord(node: Node, placeholders: readonly string[], { problems }: Reading): string | undefined {
  const word = wordOf(node);
  if (CONTROLS.test(word)) {
    problems.error('wrong-format', node.range, 'This must be text without control characters.');
    return undefined;
  }
  const strange = [...word.matchAll(/\{([a-z_]+)\}/g)].find(([, name]) => !placeholders.includes(name ?? ''));
  if (strange === undefined) return word;
  problems.error('unknown-placeholder', node.range, `There is no placeholder ${strange[0]} here.`, {
    hint: `there are: ${placeholders.map((name) => `{${name}}`).join(' ')}`,
  });
  return undefined;
}

export function pattern(description: string): Field<string> {
  return {
    schema: { description, type: 'string' },
    read: (node, { problems }) => {
      const text = wordOf(node);
      try {
        new RegExp(text, 'm');
        return text;
      } catch (error) {
        const message = `This is not a regular expression: ${(error as Error).message}.`;
        problems.error('wrong-format', node.range, message);
        return undefined;
      }
    },
  };
}

/** One of several words by name. */
export function choices<C extends string>(
  description: string,
  among: readonly C[],
): Field<{ readonly [name: string]: C }> {
  return {
    schema: { description, type: 'object', additionalProperties: { enum: [...among] } },
    read: (node) => {
      const entries = node.kind === 'map' ? [...node.entries.values()] : [];
      return Object.fromEntries(entries.map(({ key, value }) => [key, wordOf(value) as C]));
    },
  };
}
