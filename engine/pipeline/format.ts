/** @file The shape of a pipeline file as JSON Schema (draft-07): the loader checks it, editors complete from it. */
import type { JsonObject } from '../../base/json.ts';

/** letter { letter | digit | "_" | "-" } */
export const NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_-]*$';

export const ARTIFACT_TYPES: readonly string[] = [
  'file',
  'folder',
  'metrics',
  'model',
  'records',
  'tokenizer',
];

const sizeOrNumber = (description: string): JsonObject => ({
  description,
  type: ['string', 'number'],
});

/** `resources:` of a stage. */
const resources: JsonObject = {
  description: 'What the stage needs to run. Never part of its key.',
  type: 'object',
  additionalProperties: false,
  properties: {
    cpus: { description: 'CPU cores of each node.', type: ['number', 'string'], minimum: 0 },
    gpus: { description: 'GPUs of each node.', type: ['integer', 'string'], minimum: 0 },
    nodes: {
      description: 'Machines that work together. Default 1.',
      type: ['integer', 'string'],
      minimum: 1,
    },
    memory: sizeOrNumber(
      'Memory of each node: bytes, or a size such as 512M or 40G (binary: 40G = 40 x 2^30).',
    ),
    gpu_memory: sizeOrNumber('Memory that each GPU must have: bytes, or a size such as 24G or 80G.'),
    gpu_type: {
      description: "A GPU's name or a part of it, such as a100; its case does not matter.",
      type: ['string', 'number'],
    },
    time: sizeOrNumber('Time limit, enforced: seconds, or 90s, 30m, 2h, 1h30m.'),
  },
};

const factor = (description: string): JsonObject => ({
  description,
  type: ['number', 'string'],
  minimum: 1,
});

/** `retries:` of a stage. */
const retries: JsonObject = {
  description:
    'Further attempts after a failure: a number, or {max, on, grow, wait, backoff}. Never part of the key.',
  anyOf: [
    { type: 'integer', minimum: 0, maximum: 100 },
    { type: 'string', pattern: '\\$\\{' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['max'],
      properties: {
        max: {
          description:
            'Further attempts after the first; those after preempted, node-lost and launch-failed are not counted.',
          type: ['integer', 'string'],
          minimum: 0,
          maximum: 100,
        },
        on: {
          description:
            'What is tried again: causes and exit codes, nothing else. Default: every cause; []: nothing at all.',
          type: 'array',
          items: {
            description:
              'preempted, node-lost, launch-failed, oom, timeout, error, or an exit code from 1 to 255.',
            type: ['string', 'integer'],
            minimum: 1,
            maximum: 255,
          },
        },
        grow: {
          description: 'What the next attempt asks for, as a factor of what the last one did.',
          type: 'object',
          additionalProperties: false,
          properties: {
            memory: factor('Factor of resources.memory after each oom.'),
            time: factor('Factor of resources.time after each timeout.'),
          },
        },
        wait: sizeOrNumber('Time before the first retry: seconds, or 5s, 2m. Default 0.'),
        backoff: factor('Factor of the wait from one retry to the next. Default 2.'),
      },
    },
  ],
};

/** `limits:` of a stage. */
const stageLimits: JsonObject = {
  description: 'Named tokens of the pipeline held while it runs: [name], or {name: count}. Never in the key.',
  type: ['array', 'object'],
  items: { type: 'string' },
  additionalProperties: { description: 'How many.', type: ['integer', 'string'], minimum: 1 },
};

/** `container:` of a command. */
const container: JsonObject = {
  description:
    'The image that the command runs in, IMAGE@sha256:DIGEST, or {image, runtime, options, network}. The digest is hashed.',
  type: ['string', 'object'],
  minLength: 1,
  additionalProperties: false,
  required: ['image'],
  properties: {
    image: { description: 'IMAGE@sha256:DIGEST.', type: 'string', minLength: 1 },
    runtime: {
      description: 'podman, docker or apptainer. Default: as the profile says, or the first that is there.',
      type: 'string',
    },
    options: {
      description: "Further words of the runtime's run.",
      type: 'array',
      items: { type: ['string', 'number'] },
    },
    network: { description: "true: the machine's network. Default: none.", type: ['boolean', 'string'] },
  },
};

const outputDeclaration: JsonObject = {
  description:
    'What the command writes at ${out.NAME}: a type, or {type, name, schema, temp}. Of a kind: {temp: true}.',
  type: ['string', 'object'],
  additionalProperties: false,
  properties: {
    type: { description: 'file, folder, metrics, model, tokenizer, or records.', type: 'string' },
    name: { description: 'File name shown to people.', type: 'string', minLength: 1 },
    schema: { description: 'For records: the row schema, e.g. pairs.', type: 'string', minLength: 1 },
    temp: { description: 'Its bytes go when the last stage that reads it is done.', type: 'boolean' },
  },
};

const scalarMap = (description: string): JsonObject => ({
  description,
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
});

export const inputValue: JsonObject = {
  type: ['string', 'array', 'object', 'null'],
  items: { type: 'string' },
  additionalProperties: { type: 'string' },
};

/** Keys of a stage. Their order here is the order in which editors offer them. */
export const stageProperties: JsonObject = {
  uses: { description: 'Kind of the stage, or a pipeline file: ./round.yaml.', type: 'string', minLength: 1 },
  run: {
    description:
      'A command: a list is argv without a shell, a string is run by /bin/sh -c. ${in.x}, ${out.x}, ${with.x} become one quoted word each.',
    type: ['string', 'array'],
    minLength: 1,
    minItems: 1,
    items: { type: ['string', 'number', 'boolean'] },
  },
  in: {
    description:
      'Inputs: name -> path (./data.jsonl), reference (stage.output, in.name), list, or {label: value}.',
    type: 'object',
    additionalProperties: inputValue,
  },
  with: { description: 'Parameters, hashed by value.', type: 'object' },
  matrix: {
    description: 'Fans the stage out: axis -> values, or the name of a stage to share its axes.',
    type: ['object', 'string'],
    minProperties: 1,
    properties: {
      include: {
        description: 'Further combinations, every axis given.',
        type: 'array',
        items: { type: 'object' },
      },
      exclude: {
        description: 'Combinations to leave out; axes not named match anything.',
        type: 'array',
        items: { type: 'object' },
      },
    },
  },
  when: {
    description:
      'Whether the stage takes part: true, false, "${with.size} == large", "!=", "in [a, b]", or a list of which all must hold.',
    type: ['boolean', 'string', 'array'],
    items: { type: ['boolean', 'string'] },
  },
  rounds: {
    description: 'Of a pipeline as a stage: how many times it runs, or one {with, in} a round.',
    type: ['integer', 'array', 'string'],
    minimum: 1,
    minItems: 1,
    items: {
      type: 'object',
      additionalProperties: false,
      properties: {
        with: { description: 'Parameters of this round.', type: 'object' },
        in: { description: 'Inputs of this round.', type: 'object', additionalProperties: inputValue },
      },
    },
  },
  carry: {
    description: 'Of a stage with rounds: input -> the output of the round before that it takes.',
    type: 'object',
    additionalProperties: { type: 'string' },
    minProperties: 1,
  },
  out: {
    description: 'Outputs of a command: name -> type. Of a kind: name -> {temp: true}.',
    type: 'object',
    additionalProperties: outputDeclaration,
  },
  env: scalarMap('Environment of the stage, hashed.'),
  pass_env: {
    description: 'Names of variables passed from your environment: never hashed, stored or shown.',
    type: 'array',
    items: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
    uniqueItems: true,
  },
  shell: {
    description: 'For a string in run: the shell, default [/bin/sh, -c]; hashed.',
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
  },
  container,
  resources,
  cache: { description: 'false: always runs and is never restored.', type: 'boolean' },
  retries,
  limits: stageLimits,
  hardware: {
    description:
      'Facts of the machine that enter the key: cpu_model, arch, platform. For results that hang on them.',
    type: 'array',
    items: { type: 'string' },
    uniqueItems: true,
  },
  desc: { description: 'One line for people.', type: 'string' },
};

export const stageSchema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: stageProperties,
};

export const pipelineProperties: JsonObject = {
  name: {
    description: 'Name of the pipeline; results are placed at out/<name>/.',
    type: 'string',
    pattern: NAME_PATTERN,
  },
  desc: { description: 'One line for people.', type: 'string' },
  with: {
    description: 'Parameters and their defaults; --with name=value overrides.',
    type: 'object',
    properties: {
      from: {
        description:
          'A YAML or JSON file of parameters, or a list of which later ones win; what stands here wins over all.',
        type: ['string', 'array'],
        items: { type: 'string' },
      },
    },
  },
  in: {
    description: 'Files and their defaults; --in name=PATH overrides; null: must be given.',
    type: 'object',
    additionalProperties: { type: ['string', 'null'] },
  },
  limits: {
    description: 'Named tokens that stages share, such as {judge_api: 4}: how many there are.',
    type: 'object',
    additionalProperties: { description: 'How many there are.', type: 'integer', minimum: 1 },
  },
  stages: { description: 'Stages by name.', type: 'object', minProperties: 1 },
  out: {
    description: 'Results placed at out/<name>/ for people: name -> reference.',
    type: 'object',
    additionalProperties: inputValue,
  },
};

export const pipelineSchema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  required: ['stages'],
  properties: pipelineProperties,
};
