/** @file A DVC pipeline in a folder of its own: what it reads as, and what is wrong with it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Graph, Stage } from '../../engine/pipeline/graph.ts';
import { type Loaded, loadPipeline } from '../../engine/pipeline/load.ts';
import { type Ran, type Workshop, workshop } from '../rigs/workshop.ts';

export interface Files {
  readonly [path: string]: string;
}

async function load(
  files: Files,
  name: string,
): Promise<{ ok: boolean; loaded?: Loaded; errors: readonly Diagnostic[] }> {
  const root = mkdtempSync(join(tmpdir(), 'dvc-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, '.git'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const loaded = await loadPipeline(name, { with: {}, in: {}, set: {}, cwd: root });
  return loaded.ok ? { ok: true, loaded: loaded.value, errors: [] } : { ok: false, errors: loaded.error };
}

export async function loaded(files: Files, name = 'dvc.yaml'): Promise<Loaded> {
  const { loaded: found, errors } = await load(files, name);
  if (found === undefined) throw new Error(JSON.stringify(errors, null, 1));
  return found;
}

export async function graphOf(files: Files, name = 'dvc.yaml'): Promise<Graph> {
  return (await loaded(files, name)).graph;
}

/** `{id: commands}` of stages made from `stages:` and what else belongs to them. */
export async function commandsOf(files: Files): Promise<{ [id: string]: string | string[] }> {
  const graph = await graphOf(files);
  return Object.fromEntries(graph.stages.map((stage) => [stage.id, commandOf(stage)]));
}

function commandOf({ command }: Stage): string | string[] {
  if (command?.form !== 'argv') throw new Error('no command');
  const words = command.words.map((parts) => parts.join(''));
  return words.length === 3 ? (words[2] ?? '') : words.slice(4);
}

/** `code line:column`, in the order told; codes alone for what has no place. */
export async function faultsOf(files: Files): Promise<string[]> {
  const { errors } = await load(files, 'dvc.yaml');
  return errors.map(({ code, place }) =>
    place === undefined ? code : `${code} ${place.line}:${place.column}`,
  );
}

export async function firstFault(files: Files): Promise<Diagnostic> {
  const { errors } = await load(files, 'dvc.yaml');
  const [first] = errors;
  if (first === undefined) throw new Error('nothing is wrong with it');
  return first;
}

/** A project that can be run; `log` is where its commands say that they ran. */
export interface Project extends Workshop {
  repro(...targets: string[]): Promise<Ran>;
  /** Stages whose commands ran, in order, since last asked. */
  ran(): string[];
}

export function projectOf(files: Files): Project {
  const shop = workshop({ 'warren.yaml': '', ...files });
  return {
    ...shop,
    repro: (...only) => shop.run({ file: 'dvc.yaml', only }),
    ran: () => {
      const lines = shop.has('log') ? shop.read('log').split('\n').filter(Boolean) : [];
      shop.write('log', '');
      return lines.sort();
    },
  };
}
