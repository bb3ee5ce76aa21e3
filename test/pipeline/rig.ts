/** A pipeline file in a folder of its own, loaded with four small kinds. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Result } from '../../base/result.ts';
import type { Graph, Stage } from '../../engine/pipeline/graph.ts';
import { type Loaded, loadPipeline, type Overrides } from '../../engine/pipeline/load.ts';
import { type Registry, registryAt } from '../../engine/pipeline/registry.ts';

const kinds: Registry = registryAt(join(import.meta.dirname, 'kinds'));
const root = mkdtempSync(join(tmpdir(), 'pipeline-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

export interface Extra extends Partial<Overrides> {
  /** Files beside the pipeline; a name that ends in / is a folder. Default: rows.jsonl. */
  readonly files?: readonly string[];
  readonly fileName?: string;
  /** Pipeline files beside it, by name. */
  readonly children?: { readonly [name: string]: string };
}

export async function load(text: string | Buffer, extra: Extra = {}): Promise<Result<Loaded, Diagnostic[]>> {
  const folder = join(root, String(count++));
  for (const name of extra.files ?? ['rows.jsonl']) {
    const path = join(folder, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(path, '');
  }
  const file = extra.fileName ?? 'p.yaml';
  mkdirSync(folder, { recursive: true });
  for (const [name, child] of Object.entries(extra.children ?? {})) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), child);
  }
  writeFileSync(join(folder, file), text);
  const overrides = { with: {}, in: {}, set: {}, cwd: folder, ...extra };
  return loadPipeline(file, overrides, kinds);
}

export async function graphOf(text: string, extra: Extra = {}): Promise<Graph> {
  const loaded = await load(text, extra);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 1));
  return loaded.value.graph;
}

export async function problemsOf(text: string, extra: Extra = {}): Promise<Diagnostic[]> {
  const loaded = await load(text, extra);
  return loaded.ok ? [] : loaded.error;
}

/** `code line:column marked text`, one a problem; the file's name before the line when it is not the pipeline's own. */
export async function told(text: string, extra: Extra = {}): Promise<string[]> {
  return (await problemsOf(text, extra)).map(({ code, place }) => {
    if (place === undefined) return code;
    const { file, line, column, length } = place;
    const child = extra.children?.[file];
    const marked = (child ?? text).split('\n')[line - 1]?.slice(column - 1, column - 1 + length);
    return `${code} ${child === undefined ? '' : `${file}:`}${line}:${column} ${marked}`;
  });
}

export function stageOf(graph: Graph, id: string): Stage {
  const stage = graph.stages.find((one) => one.id === id);
  if (stage === undefined) throw new Error(`no ${id} among ${graph.stages.map((one) => one.id).join(' ')}`);
  return stage;
}

/** A file with one command stage `s` and its keys. */
export function command(keys: string): string {
  return `stages:\n  s: { ${keys} }\n`;
}
