import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Json, JsonObject } from '../../base/json.ts';
import { loadPipeline } from '../../engine/pipeline/load.ts';

function pipeline(faces: string, more = ''): string {
  return `${faces}\nstages:\n  s: { run: [a], with: { lr: "\${with.lr}" } ${more} }\n`;
}

async function load(files: { readonly [name: string]: string }, parameters: JsonObject = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'parameters-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return loadPipeline('p.yaml', { with: parameters, in: {}, set: {}, cwd: folder });
}

async function loadedValue(
  files: { readonly [name: string]: string },
  parameters: JsonObject = {},
): Promise<Json> {
  const loaded = await load(files, parameters);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  expect(loaded.value.warnings).toEqual([]);
  return loaded.value.graph.stages[0]?.with['lr'] as Json;
}

/** `code file:line:column` */
async function told(files: { readonly [name: string]: string }): Promise<string[]> {
  const loaded = await load(files);
  if (loaded.ok) return [];
  return loaded.error.map(({ code, place }) => `${code} ${place?.file}:${place?.line}:${place?.column}`);
}

describe('with.from', () => {
  it('takes parameters from YAML and JSON, later files first, the pipeline before them, --with before all', async () => {
    const files = { 'a.yaml': 'lr: 1.0e-05\nunused: 1\n', 'b.json': '{"lr": 2}' };
    expect(await loadedValue({ ...files, 'p.yaml': pipeline('with: { from: a.yaml }') })).toBe(1e-5);
    expect(await loadedValue({ ...files, 'p.yaml': pipeline('with: { from: [./a.yaml, b.json] }') })).toBe(2);
    expect(await loadedValue({ ...files, 'p.yaml': pipeline('with: { lr: 3, from: a.yaml }') })).toBe(3);
    expect(await loadedValue({ ...files, 'p.yaml': pipeline('with: { from: a.yaml }') }, { lr: 4 })).toBe(4);
  });

  it('names the file for the guards of a sealed run', async () => {
    const loaded = await load({ 'a.yaml': 'lr: 1\n', 'p.yaml': pipeline('with: { from: a.yaml }') });
    expect(loaded.ok && loaded.value.files.map(({ path }) => path.split('/').at(-1))).toEqual([
      'p.yaml',
      'a.yaml',
    ]);
  });

  it.each([
    [
      'a file that is not there',
      {},
      'with: { from: a.yaml }',
      ['missing-file p.yaml:1:15', 'unknown-name p.yaml:3:31'],
    ],
    ['no YAML', { 'a.yaml': 'lr: 1\nx: [\n' }, 'with: { lr: 1, from: a.yaml }', ['yaml-syntax a.yaml:3:1']],
    ['a list', { 'a.yaml': '- 1\n' }, 'with: { lr: 1, from: a.yaml }', ['wrong-type a.yaml:1:1']],
    ['a name twice', { 'a.yaml': 'lr: 1\nlr: 2\n' }, 'with: { from: a.yaml }', ['duplicate-key a.yaml:2:1']],
    ['a bad name', { 'a.yaml': 'lr: 1\n9x: 2\n' }, 'with: { from: a.yaml }', ['bad-name a.yaml:2:1']],
    [
      'a placeholder',
      { 'a.yaml': 'lr: "${with.x}"\n' },
      'with: { from: a.yaml }',
      ['unknown-name a.yaml:1:5'],
    ],
    [
      'another file',
      { 'a.yaml': 'lr: 1\nfrom: b.yaml\n' },
      'with: { from: a.yaml }',
      ['reserved-name a.yaml:2:1'],
    ],
    ['a folder', {}, 'with: { lr: 1, from: . }', ['wrong-type p.yaml:1:22']],
    ['an address', {}, 'with: { lr: 1, from: "https://x/a.yaml" }', ['bad-reference p.yaml:1:22']],
    ['a number', {}, 'with: { lr: 1, from: 3 }', ['wrong-type p.yaml:1:22']],
  ])('%s', async (_, files, faces, expected) => {
    expect(await told({ ...files, 'p.yaml': pipeline(faces) })).toEqual(expected);
  });

  it('says where a value that does not fit came from', async () => {
    const loaded = await load({
      'a.yaml': 'lr: 1\nn: many\n',
      'p.yaml': pipeline('with: { from: a.yaml }', ', resources: { cpus: "${with.n}" }'),
    });
    expect(loaded.ok ? [] : loaded.error.map(({ code, place }) => [code, place?.file, place?.line])).toEqual([
      ['wrong-format', 'p.yaml', 3],
    ]);
  });
});
