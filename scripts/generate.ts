/** Writes what comes from the kinds' manifests: schemas/pipeline.schema.json, schemas/project.schema.json and stages/<kind>/params.generated.ts. `--check` fails when stale. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Ajv } from 'ajv';
import { compile } from 'json-schema-to-typescript';
import type { JsonObject } from '../base/json.ts';
import { editorSchema } from '../engine/pipeline/editor-schema.ts';
import { registryAt } from '../engine/pipeline/registry.ts';
import { SETTINGS_SCHEMA } from '../engine/settings/format.ts';
import type { Manifest } from '../stages/protocol/manifest.ts';

const ROOT = join(import.meta.dirname, '..');
const BANNER = '// Generated from manifest.json by `npm run generate`.';

/** A stage sees parameters after defaults, so what has a default is always there. */
function present(schema: JsonObject): JsonObject {
  const out: { [key: string]: JsonObject[string] } = { ...schema };
  const properties = schema['properties'] as { readonly [name: string]: JsonObject } | undefined;
  if (properties !== undefined) {
    const entries = Object.entries(properties);
    const required = new Set((schema['required'] ?? []) as string[]);
    for (const [name, value] of entries) if (value['default'] !== undefined) required.add(name);
    out['properties'] = Object.fromEntries(entries.map(([name, value]) => [name, present(value)]));
    out['required'] = entries.map(([name]) => name).filter((name) => required.has(name));
  }
  const items = schema['items'];
  if (items !== null && typeof items === 'object' && !Array.isArray(items))
    out['items'] = present(items as JsonObject);
  return out;
}

/** What every manifest promises, beyond being valid JSON Schema. */
function faults(folder: string, manifest: Manifest): string[] {
  const found: string[] = [];
  const schema = manifest.with;
  if (manifest.kind !== folder) found.push(`kind is "${manifest.kind}", the folder "${folder}"`);
  if (folder === 'command') return found;
  try {
    new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false }).compile(schema);
  } catch (error) {
    found.push(`with: ${(error as Error).message}`);
  }
  if (schema['additionalProperties'] !== false) found.push('with: additionalProperties must be false');
  const required = (schema['required'] ?? []) as string[];
  for (const [name, value] of Object.entries(
    (schema['properties'] ?? {}) as { [name: string]: JsonObject },
  )) {
    if (typeof value['description'] !== 'string') found.push(`with.${name}: no description`);
    if (value['default'] === undefined && !required.includes(name))
      found.push(`with.${name}: neither default nor required`);
    if (value['default'] !== undefined && !new Ajv({ strict: false }).validate(value, value['default'])) {
      found.push(`with.${name}: the default does not fit its own schema`);
    }
  }
  return found;
}

/** All generated files, path -> text, of the manifests that hold their promises; the others are named in `problems`. */
async function generated(): Promise<{ files: Map<string, string>; problems: string[] }> {
  const kinds = registryAt(join(ROOT, 'stages'));
  const files = new Map<string, string>();
  const manifests: Manifest[] = [];
  const problems: string[] = [];
  for (const kind of kinds.kindNames()) {
    const manifest = kinds.manifestOf(kind) as Manifest;
    const found = faults(kind, manifest);
    problems.push(...found.map((fault) => `stages/${kind}/manifest.json: ${fault}`));
    if (found.length > 0) continue;
    manifests.push(manifest);
    if (kind === 'command') continue;
    const options = { bannerComment: BANNER, ignoreMinAndMaxItems: true };
    const types = await compile(present(manifest.with) as object, 'Params', options);
    files.set(join(ROOT, 'stages', kind, 'params.generated.ts'), types);
  }
  const schema = JSON.stringify(editorSchema(manifests), null, 2);
  files.set(join(ROOT, 'schemas/pipeline.schema.json'), `${schema}\n`);
  const settings = JSON.stringify(SETTINGS_SCHEMA, null, 2);
  files.set(join(ROOT, 'schemas/project.schema.json'), `${settings}\n`);
  return { files, problems };
}

const check = process.argv.includes('--check');
const { files, problems } = await generated();
const stale = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text);
for (const [path, text] of stale) {
  console.error(`${check ? 'stale' : 'wrote'} ${relative(ROOT, path)}`);
  if (!check) writeFileSync(path, text);
}
if (check && stale.length > 0) problems.push('Run `npm run generate` and commit the result.');
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
