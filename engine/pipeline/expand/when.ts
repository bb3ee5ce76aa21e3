/** @file `when:` of a stage: whether it takes part, known before anything runs. */
import { canonicalJson } from '../../../base/canonical.ts';
import type { Json } from '../../../base/json.ts';
import { readBare } from '../names.ts';
import { type Node, type ScalarNode, toJson } from '../yaml/tree.ts';
import { interpolate, type Scope } from './interpolate.ts';

/** Operators are found between what is written, never in a value: a parameter cannot change what is asked. */
const CONDITION = /^((?:[^"'$=!]|\$\{[^}]*\}|"[^"]*"|'[^']*'|=(?!=)|!(?!=))+?)\s*(==|!=|\bin\b)\s*(.+)$/s;

/** Why the stage is left out; undefined where it takes part, and after an error. */
export function whenOf(node: Node | undefined, scope: Scope): string | undefined {
  if (node === undefined || scope.problems.errorAt(node.range)) return undefined;
  if (node.kind !== 'list') return failing(node, scope);
  for (const item of node.items) {
    const reason = failing(item, scope);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function failing(node: Node, scope: Scope): string | undefined {
  if (node.kind !== 'scalar') return wrong(node, scope);
  if (typeof node.value === 'boolean') return node.value ? undefined : 'when: false';
  if (typeof node.value !== 'string') return wrong(node, scope);
  const match = CONDITION.exec(node.value);
  return match === null ? flag(node, node.value, scope) : condition(node, match, scope);
}

function flag(node: ScalarNode, text: string, scope: Scope): string | undefined {
  const value = interpolate(node, scope);
  if (scope.problems.errorAt(node.range)) return undefined;
  if (value.kind !== 'scalar' || typeof value.value !== 'boolean') return wrong(value, scope);
  return value.value ? undefined : `when: ${text} is false`;
}

function condition(node: ScalarNode, match: RegExpExecArray, scope: Scope): string | undefined {
  const [text, left = '', operator, right = ''] = match;
  const a = side(left, node, scope);
  const b = operator === 'in' ? list(right, node, scope) : side(right, node, scope);
  if (a === undefined || b === undefined) return undefined;
  const same = (one: Json): boolean => canonicalJson(one) === canonicalJson(a);
  const holds = operator === 'in' ? (b as readonly Json[]).some(same) : same(b) === (operator === '==');
  return holds ? undefined : `when: ${text} does not hold (${JSON.stringify(a)})`;
}

/** One side of a comparison: a placeholder with the type of its value, or a scalar as YAML reads it. */
function side(text: string, node: ScalarNode, scope: Scope): Json | undefined {
  const word = text.trim();
  if (!word.includes('${')) return scalar(word);
  const value = interpolate({ ...node, value: word }, scope);
  return scope.problems.errorAt(node.range) ? undefined : toJson(value);
}

function scalar(word: string): Json {
  const quoted = /^"([^"]*)"$|^'([^']*)'$/.exec(word);
  return quoted === null ? readBare(word) : (quoted[1] ?? quoted[2] ?? '');
}

/** `[a, b]`, or a placeholder that is a list. */
function list(text: string, node: ScalarNode, scope: Scope): readonly Json[] | undefined {
  const inner = /^\[(.*)\]$/s.exec(text.trim())?.[1];
  if (inner !== undefined) {
    const words = inner.match(/(?:"[^"]*"|'[^']*'|[^,"'])+/g) ?? [];
    const values = words.map((word) => side(word, node, scope));
    return values.includes(undefined) ? undefined : (values as Json[]);
  }
  const value = side(text, node, scope);
  if (value === undefined || Array.isArray(value)) return value as Json[] | undefined;
  scope.problems.error('wrong-type', node.range, 'What stands after "in" must be a list.', {
    hint: 'write in [a, b], or name a parameter that is a list',
  });
  return undefined;
}

function wrong({ range, ...node }: Node, { problems }: Scope): undefined {
  if (problems.errorAt(range)) return undefined;
  const shown = node.kind === 'scalar' ? JSON.stringify(node.value) : `a ${node.kind}`;
  problems.error('wrong-type', range, `when must be true or false, or a condition, but is ${shown}.`, {
    hint: 'write when: "${with.size} == large", or !=, or in [small, large]',
  });
  return undefined;
}
