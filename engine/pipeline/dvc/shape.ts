/** @file The shape of a dvc.yaml as JSON Schema: keys and types before anything is put in place. */
import type { JsonObject } from '../../../base/json.ts';

const text = (description: string): JsonObject => ({ description, type: 'string' });
const flag = (description: string): JsonObject => ({ description, type: 'boolean' });
const texts = (description: string): JsonObject => ({
  description,
  type: 'array',
  items: { type: 'string' },
});

const annotations: JsonObject = {
  desc: text('One line for people.'),
  type: text('Said for people.'),
  labels: texts('Said for people.'),
  meta: { description: 'Anything.' },
};

const flags: JsonObject = {
  ...annotations,
  cache: flag('false: the bytes are not kept, only their digest.'),
  persist: flag('true: the command finds what it wrote before.'),
  remote: text('Name of a DVC remote; not used.'),
  push: flag('For dvc push; not used.'),
};

const plotFlags: JsonObject = {
  ...flags,
  template: text('For dvc plots; not used.'),
  x: text('For dvc plots; not used.'),
  y: text('For dvc plots; not used.'),
  x_label: text('For dvc plots; not used.'),
  y_label: text('For dvc plots; not used.'),
  title: text('For dvc plots; not used.'),
  header: flag('For dvc plots; not used.'),
};

const closed = (properties: JsonObject): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties,
});

const outputs = (description: string, each: JsonObject): JsonObject => ({
  description,
  type: 'array',
  items: { type: ['string', 'object'], additionalProperties: each },
});

const command: JsonObject = {
  description: 'A command, or several: the first that fails ends the stage.',
  type: ['string', 'array'],
  minLength: 1,
  minItems: 1,
  items: { type: 'string' },
};

const vars: JsonObject = {
  description: 'Values for ${name}: files (params.yaml, params.yaml:key1,key2) and maps.',
  type: 'array',
  items: { type: ['string', 'object'] },
};

const definition: JsonObject = {
  cmd: command,
  wdir: text('Folder the command runs in, and paths start from; relative to the file.'),
  deps: texts('Files and folders that the command reads.'),
  params: {
    description: 'Parameters that the command reads: names in params.yaml, or {file: [names]}.',
    type: 'array',
    items: {
      type: ['string', 'object'],
      additionalProperties: { type: ['array', 'null'], items: { type: 'string' } },
    },
  },
  outs: outputs('Files and folders that the command writes.', closed(flags)),
  metrics: outputs('Outputs that hold metrics.', closed(flags)),
  plots: outputs('Outputs that hold plots.', {
    type: ['object', 'array'],
    additionalProperties: false,
    properties: plotFlags,
    items: closed(plotFlags),
  }),
  vars,
  matrix: {
    description: 'Fans the stage out: name -> values, or text that names a list.',
    type: 'object',
    minProperties: 1,
    additionalProperties: { type: ['string', 'array'] },
  },
  frozen: flag('true: never runs.'),
  always_changed: flag('true: runs every time.'),
  desc: text('One line for people.'),
  meta: { description: 'Anything.' },
};

const { matrix: _, ...inner } = definition;

/** A stage that is one, or a matrix of them. */
export const stageShape: JsonObject = { ...closed(definition), required: ['cmd'] };

/** A stage for each item of a list or map. */
export const foreachShape: JsonObject = {
  ...closed({
    foreach: {
      description: 'A list, a map, or text that names one.',
      type: ['array', 'object', 'string'],
    },
    do: { description: 'The stage for each item.', ...closed(inner), required: ['cmd'] },
  }),
  required: ['foreach', 'do'],
};

export const fileShape: JsonObject = closed({
  vars,
  stages: { description: 'Stages by name.', type: 'object', additionalProperties: { type: 'object' } },
  params: { description: 'For dvc params; not used.' },
  metrics: { description: 'For dvc metrics; not used.' },
  plots: { description: 'For dvc plots; not used.' },
  artifacts: { description: 'For dvc artifacts; not used.' },
  datasets: { description: 'Not supported yet.' },
});
