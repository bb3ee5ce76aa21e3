/** @file What the validator found, in the user's words. */
import type { ErrorObject } from 'ajv';
import type { Json, JsonObject } from '../../../base/json.ts';
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { Node, Range } from '../yaml/tree.ts';
import { alternatives } from './alternatives.ts';
import { type Located, locate } from './locate.ts';

interface Words {
  readonly code: string;
  /** Follows the name of the value. */
  readonly message: string;
  readonly hint?: string | undefined;
}

function shown(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

const TYPE_WORDS: { readonly [type: string]: string } = {
  string: 'text',
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'null',
};

function typeWords(type: Json | undefined): string {
  return [type as string | string[]]
    .flat()
    .map((one) => TYPE_WORDS[one] ?? one)
    .join(' or ');
}

const COMPARED: { readonly [keyword: string]: string } = {
  minimum: 'at least',
  maximum: 'at most',
  exclusiveMinimum: 'greater than',
  exclusiveMaximum: 'less than',
};
const COUNTED: { readonly [keyword: string]: string } = {
  minLength: 'at least # characters',
  maxLength: 'at most # characters',
  minItems: 'at least # items',
  maxItems: 'at most # items',
  minProperties: 'at least # entries',
  maxProperties: 'at most # entries',
};

function words(error: ErrorObject, problems: Problems): Words {
  const { keyword, params } = error;
  const got = shown(error.data as Json);
  const compared = COMPARED[keyword];
  if (compared !== undefined) {
    return { code: 'out-of-range', message: `must be ${compared} ${params['limit']}, but is ${got}` };
  }
  const counted = COUNTED[keyword];
  if (counted !== undefined) {
    return {
      code: 'out-of-range',
      message: `must have ${counted.replace('#', params['limit'])}, but is ${got}`,
    };
  }
  switch (keyword) {
    case 'type':
      return { code: 'wrong-type', message: `must be ${typeWords(params['type'])}, but is ${got}` };
    case 'enum': {
      const allowed = params['allowedValues'] as readonly Json[];
      const texts = allowed.filter((value) => typeof value === 'string');
      const near = typeof error.data === 'string' ? problems.suggest(error.data, texts) : undefined;
      return {
        code: 'unknown-value',
        message: `must be one of ${listed(allowed.map(shown), 12)}, but is ${got}`,
        hint: near,
      };
    }
    case 'const':
      return { code: 'unknown-value', message: `must be ${shown(params['allowedValue'])}, but is ${got}` };
    case 'multipleOf':
      return {
        code: 'out-of-range',
        message: `must be a multiple of ${params['multipleOf']}, but is ${got}`,
      };
    case 'uniqueItems':
      return { code: 'duplicate-value', message: `must not hold a value twice, but is ${got}` };
    case 'pattern':
      return { code: 'wrong-format', message: `must match ${params['pattern']}, but is ${got}` };
    default:
      return { code: 'invalid-value', message: `${error.message ?? 'is not valid'}, but is ${got}` };
  }
}

export interface Subject {
  /** The tree that was checked. */
  readonly root: Node | undefined;
  /** Names what it belongs to, e.g. `stage "sft"`. */
  readonly what: string;
  /** Where the tree hangs there: `with`, or nothing. */
  readonly path?: string;
  /** Where it stands when nothing nearer is known. */
  readonly range: Range;
}

/** Reports the validator's errors (`allErrors`, `verbose`) at their places in the file. */
export function explain(errors: readonly ErrorObject[], subject: Subject, problems: Problems): void {
  for (const error of alternatives(errors)) {
    const at = locate(subject.root, error.instancePath, subject.range);
    const name = nameOf(error.instancePath, subject);
    if (error.keyword === 'additionalProperties') unknownKey(error, at, name, problems);
    else if (error.keyword === 'required') missing(error, at, name, problems);
    else {
      const range = at.node?.range ?? at.keyRange;
      if (problems.errorAt(range)) continue;
      const { code, message, hint } = words(error, problems);
      const about = error.instancePath;
      const fallback = descriptionOf(error.parentSchema) ?? 'change the value';
      problems.error(code, range, `${name} ${message}${origin(at)}.`, { hint: hint ?? fallback, about });
    }
  }
}

function descriptionOf(schema: unknown): string | undefined {
  const description = (schema as JsonObject | undefined)?.['description'];
  return typeof description === 'string' ? description : undefined;
}

/** `with.seed of stage "sft"` */
function nameOf(pointer: string, { what, path }: Subject): string {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const name = [...(path === undefined ? [] : [path]), ...parts].join('.');
  return name === '' ? what : `${name} of ${what}`;
}

function origin(at: Located): string {
  return at.node?.from === undefined ? '' : ` (from ${at.node.from})`;
}

function unknownKey(error: ErrorObject, at: Located, name: string, problems: Problems): void {
  const key = error.params['additionalProperty'] as string;
  const known = Object.keys(((error.parentSchema as JsonObject)['properties'] ?? {}) as JsonObject);
  const entry = at.node?.kind === 'map' ? at.node.entries.get(key) : undefined;
  const near = problems.suggest(key, known);
  const hint = near ?? (known.length > 0 ? `known here: ${listed(known, 20)}` : 'it takes none');
  problems.error(
    'unknown-key',
    entry?.keyRange ?? at.keyRange,
    `Unknown key "${key}" in ${name}${origin({ ...at, node: entry?.value })}.`,
    { hint, about: key },
  );
}

function missing(error: ErrorObject, at: Located, name: string, problems: Problems): void {
  const key = error.params['missingProperty'] as string;
  const properties = ((error.parentSchema as JsonObject)['properties'] ?? {}) as JsonObject;
  // A key that is nearly it is reported as unknown already, where keys are closed.
  const closed = (error.parentSchema as JsonObject)['additionalProperties'] === false;
  const keys = closed && at.node?.kind === 'map' ? [...at.node.entries.keys()] : [];
  const unknown = keys.filter((one) => !Object.hasOwn(properties, one));
  if (problems.suggest(key, unknown) !== undefined) return;
  const description = Object.hasOwn(properties, key) ? descriptionOf(properties[key]) : undefined;
  problems.error('missing-key', at.keyRange, `The key "${key}" is missing in ${name}.`, {
    hint: `add ${key}:${description === undefined ? '' : ` (${description})`}`,
    about: key,
  });
}
