/** @file The JSON Schema of `warren.yaml`: what is checked here, and what editors complete (schemas/project.schema.json). */
import type { JsonObject } from '../../base/json.ts';
import { PROFILE_PROPERTIES } from './profile-format.ts';

const ADDRESS = 's3://BUCKET/PREFIX, or the path of a folder that begins with / or ./ or ../';

export const SETTINGS_SCHEMA: JsonObject = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Settings of a warren project',
  type: ['object', 'null'],
  additionalProperties: false,
  properties: {
    remotes: {
      description:
        'Caches elsewhere, by name. Credentials are never written here: they come from the environment.',
      type: 'object',
      propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_-]*$' },
      additionalProperties: {
        anyOf: [
          { description: ADDRESS, type: 'string' },
          {
            type: 'object',
            additionalProperties: false,
            required: ['url'],
            properties: {
              url: { description: ADDRESS, type: 'string' },
              endpoint: { description: 'Address of an S3-compatible store: https://HOST', type: 'string' },
              region: { description: 'Region of the bucket', type: 'string', pattern: '^[a-z0-9-]+$' },
            },
          },
        ],
      },
    },
    remote: {
      description:
        'The remote that runs read from, and that push and pull use; default: origin, if there is one.',
      type: 'string',
    },
    ...PROFILE_PROPERTIES,
  },
};
