/** @file `schemas/pipeline.schema.json`: the file's shape and every kind's own inputs and parameters, for editors. */
import type { Json, JsonObject } from '../../base/json.ts';
import type { InputSpec, Manifest } from '../../stages/protocol/manifest.ts';
import { inputValue, NAME_PATTERN, pipelineProperties, stageProperties } from './format.ts';

/** Parameters may be interpolated anywhere, so every property also takes a string with `${`. */
function parameter(schema: JsonObject): JsonObject {
  const { description, default: fallback, examples, ...rest } = schema;
  const shown: { [key: string]: Json } = {};
  if (description !== undefined) shown['description'] = description;
  if (fallback !== undefined) shown['default'] = fallback;
  if (examples !== undefined) shown['examples'] = examples;
  return { ...shown, anyOf: [rest, { $ref: '#/definitions/interpolation' }] };
}

function parameters(schema: JsonObject): JsonObject {
  const properties = Object.entries((schema['properties'] ?? {}) as JsonObject);
  return {
    ...schema,
    properties: Object.fromEntries(properties.map(([name, value]) => [name, parameter(value as JsonObject)])),
  };
}

function input(spec: InputSpec): JsonObject {
  const types = [spec.type].flat().join(' or ');
  const arity = spec.arity === 'map' ? ', {label: value}' : spec.arity === 'list' ? ', one or a list' : '';
  return {
    ...inputValue,
    description: `${spec.description} (${types}${arity}${spec.optional ? ', optional' : ''})`,
  };
}

/** What `uses: <kind>` means for the stage's other keys. */
function branch(manifest: Manifest): JsonObject {
  const inputs = Object.entries(manifest.in);
  const required = inputs.filter(([, spec]) => spec.optional !== true).map(([name]) => name);
  return {
    if: { properties: { uses: { const: manifest.kind } }, required: ['uses'] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: {
      properties: {
        in: {
          type: 'object',
          additionalProperties: false,
          properties: Object.fromEntries(inputs.map(([name, spec]) => [name, input(spec)])),
          ...(required.length > 0 ? { required } : {}),
        },
        with: parameters(manifest.with),
      },
      ...(required.length > 0 ? { required: ['in'] } : {}),
    },
  };
}

/** Draft-07, which older editor plugins know. Kinds come in the order given. */
export function editorSchema(manifests: readonly Manifest[]): JsonObject {
  const kinds = manifests.filter((manifest) => manifest.kind !== 'command');
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'warren pipeline',
    type: 'object',
    additionalProperties: false,
    required: ['stages'],
    properties: {
      ...pipelineProperties,
      stages: {
        ...(pipelineProperties['stages'] as JsonObject),
        propertyNames: { pattern: NAME_PATTERN },
        additionalProperties: { $ref: '#/definitions/stage' },
      },
    },
    definitions: {
      interpolation: { type: 'string', pattern: '\\$\\{' },
      stage: {
        type: 'object',
        additionalProperties: false,
        properties: {
          ...stageProperties,
          uses: {
            description: 'Kind of the stage, or a pipeline file: ./round.yaml.',
            anyOf: [
              ...kinds.map(({ kind, description }) => ({ const: kind, description })),
              { pattern: '^\\.{0,2}/.*\\.ya?ml$', description: 'A pipeline file as a stage.' },
            ],
          },
        },
        oneOf: [{ required: ['uses'] }, { required: ['run'] }],
        allOf: kinds.map(branch),
      },
    },
  };
}
