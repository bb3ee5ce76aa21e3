/**
 * @file One compiled check a schema. The file's own shape and each kind's parameters are separate schemas, so that
 * no error of another kind's branch shows.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Json, JsonObject } from '../../../base/json.ts';

/** Checks in place: missing values are filled with their defaults. */
export type Check = (value: Json) => readonly ErrorObject[];

// Manifests are proved against the meta-schema when types are generated from them.
const ajv = new Ajv({
  allErrors: true,
  verbose: true,
  useDefaults: true,
  strict: false,
  validateSchema: false,
});
const compiled = new WeakMap<JsonObject, ValidateFunction>();

/** The check of a schema; compiling is dear, so the same object compiles once. */
export function checkOf(schema: JsonObject): Check {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  const run = validate;
  return (value) => (run(value) ? [] : (run.errors ?? []));
}
