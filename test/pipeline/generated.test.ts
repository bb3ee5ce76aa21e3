import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Json } from '../../base/json.ts';
import { editorSchema } from '../../engine/pipeline/editor-schema.ts';
import { builtinKinds, registryAt } from '../../engine/pipeline/registry.ts';
import type { Manifest } from '../../stages/protocol/manifest.ts';

const kinds = registryAt(join(import.meta.dirname, 'kinds'));
const schema = editorSchema(kinds.kindNames().map((kind) => kinds.manifestOf(kind) as Manifest));
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

describe('the schema for editors', () => {
  it.each([
    ['a kind', 'stages: { s: { uses: train, in: { records: data.train }, with: { lr: 0.1 } } }', true],
    [
      'a placeholder anywhere',
      'stages: { s: { uses: train, in: { records: data.train }, with: { lr: "${with.lr}" } } }',
      true,
    ],
    ['a command', 'stages: { s: { run: [t], out: { o: file } } }', true],
    [
      'unknown parameter',
      'stages: { s: { uses: train, in: { records: data.train }, with: { lr: 1, sed: 1 } } }',
      false,
    ],
    ['out of range', 'stages: { s: { uses: train, in: { records: data.train }, with: { lr: 0 } } }', false],
    ['missing input', 'stages: { s: { uses: train, with: { lr: 1 } } }', false],
    ['unknown input', 'stages: { s: { uses: data, in: { transcripts: ./a, x: ./b } } }', false],
    [
      'a pipeline file in rounds',
      'stages: { s: { uses: ./round.yaml, rounds: 3, carry: { policy: policy }, in: { policy: data.train } } }',
      true,
    ],
    ['a pipeline file without ./', 'stages: { s: { uses: round.yaml } }', false],
    ['no rounds', 'stages: { s: { uses: ./round.yaml, rounds: 0 } }', false],
    ['unknown kind', 'stages: { s: { uses: dta } }', false],
    ['neither', 'stages: { s: { desc: x } }', false],
  ])('%s', (_, text, valid) => {
    expect(validate(parse(text) as Json)).toBe(valid);
  });

  it('describes kinds, inputs and parameters for hovers', () => {
    const text = JSON.stringify(schema);
    for (const words of [
      'Trains a model.',
      'Learning rate.',
      'Rows. (records(pairs) or records(demonstrations))',
    ]) {
      expect(text).toContain(words);
    }
  });
});

describe('the kinds that ship', () => {
  it('are listed in code-point order, each with its own name', () => {
    const names = builtinKinds.kindNames();
    expect([...names].sort()).toEqual(names);
    for (const name of names) expect(builtinKinds.manifestOf(name)?.kind).toBe(name);
    expect(builtinKinds.manifestOf('../base')).toBeUndefined();
    expect(builtinKinds.entryOf('hh')).toMatch(/stages\/hh\/run\.ts$/);
  });

  it('stand in schemas/pipeline.schema.json', () => {
    const path = join(import.meta.dirname, '../../schemas/pipeline.schema.json');
    const manifests = builtinKinds.kindNames().map((kind) => builtinKinds.manifestOf(kind) as Manifest);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(editorSchema(manifests));
  });
});
