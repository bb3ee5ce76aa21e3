/** @file The JSON Schema of `profiles:`, from the table of executors. */
import type { JsonObject } from '../../base/json.ts';
import { stageProperties } from '../pipeline/format.ts';
import { EXECUTOR_NAMES, type ExecutorName, fieldsOf } from './executors.ts';
import { count, type Field } from './fields.ts';

const WORDS: { readonly [E in ExecutorName]: string } = {
  local: 'this machine',
  ssh: 'hosts without a scheduler',
  slurm: 'a Slurm cluster',
  command: 'any scheduler, by commands',
  kubernetes: 'Jobs of a Kubernetes cluster',
  ray: 'Ray Jobs',
};

/** Keys of a profile that are not of its executor. */
export const COMMON: readonly string[] = ['executor', 'resources', 'jobs', 'kinds', 'stages'];

/** Of every executor but this machine, where cores are counted. */
export const JOBS: Field<number> = count(
  'Most attempts there at a time; default: 500, on hosts as many as they have room for',
);

const resources = stageProperties['resources'] as JsonObject;

function overrides(executor: ExecutorName, description: string): JsonObject {
  return {
    description,
    type: 'object',
    additionalProperties: {
      type: 'object',
      minProperties: 1,
      additionalProperties: false,
      properties: {
        profile: { description: 'Another profile, which it goes to instead', type: 'string' },
        resources: { ...resources, description: 'In place of what the stage asks for' },
        ...settingsOf(executor),
      },
    },
  };
}

function settingsOf(executor: ExecutorName): JsonObject {
  return Object.fromEntries(Object.entries(fieldsOf(executor)).map(([key, { schema }]) => [key, schema]));
}

function closed(executor: ExecutorName): JsonObject {
  const required = Object.entries(fieldsOf(executor)).filter(([, field]) => field.required);
  return {
    additionalProperties: false,
    required: required.map(([key]) => key),
    properties: {
      executor: { const: executor },
      ...settingsOf(executor),
      ...(executor !== 'local' && { jobs: JOBS.schema }),
      resources: { ...resources, description: 'Defaults for what a stage leaves open' },
      kinds: overrides(executor, 'By kind of stage: settings and resources, or {profile: OTHER}'),
      stages: overrides(
        executor,
        'By stage, which wins over its kind: settings and resources, or {profile: OTHER}',
      ),
    },
  };
}

const PROFILE: JsonObject = {
  type: 'object',
  required: ['executor'],
  properties: {
    executor: {
      description: EXECUTOR_NAMES.map((name) => `${name}: ${WORDS[name]}`).join('; '),
      enum: [...EXECUTOR_NAMES],
    },
  },
  allOf: EXECUTOR_NAMES.map((executor) => ({
    if: { required: ['executor'], properties: { executor: { const: executor } } },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: closed(executor),
  })),
};

export const PROFILE_PROPERTIES: JsonObject = {
  profiles: {
    description: 'Where stages run, by name: run --profile NAME. The profile local always exists.',
    type: 'object',
    propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_-]*$' },
    additionalProperties: PROFILE,
  },
  profile: {
    description: 'The profile of calls that name none (--profile, WARREN_PROFILE); default: local',
    type: 'string',
  },
};
