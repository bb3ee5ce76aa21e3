/** @file `anyOf` and `oneOf` report every branch that failed; a reader wants the one that was meant. */
import type { ErrorObject } from 'ajv';
import type { JsonObject } from '../../../base/json.ts';

/**
 * Keeps, of each failed choice, the errors of its only branch of the right type, or else one error that
 * names the types that fit. Errors outside choices stay as they are.
 */
export function alternatives(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf');
  let rest = errors.filter((error) => error.keyword !== 'if');
  // Outer choices come last in the validator's order and have the shortest paths.
  for (const choice of [...choices].sort((a, b) => a.schemaPath.length - b.schemaPath.length)) {
    if (!rest.includes(choice)) continue;
    const inside = rest.filter(
      (error) => error !== choice && error.schemaPath.startsWith(`${choice.schemaPath}/`),
    );
    const outside = rest.filter((error) => error !== choice && !inside.includes(error));
    rest = [...outside, ...meant(choice, inside)];
  }
  return rest;
}

function meant(choice: ErrorObject, inside: readonly ErrorObject[]): readonly ErrorObject[] {
  const branches = new Map<string, ErrorObject[]>();
  for (const error of inside) {
    const index = error.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0] as string;
    const branch = branches.get(index) ?? [];
    branch.push(error);
    branches.set(index, branch);
  }
  const typed = [...branches.values()].filter(
    (branch) =>
      !branch.some((error) => error.keyword === 'type' && error.instancePath === choice.instancePath),
  );
  if (typed.length === 1) return typed[0] as ErrorObject[];
  const types = (choice.schema as readonly JsonObject[]).flatMap(
    (branch) => (branch['type'] ?? []) as string | string[],
  );
  if (types.length === 0) return [choice];
  return [{ ...choice, keyword: 'type', params: { type: [...new Set(types)] } }];
}
