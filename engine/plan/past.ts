/** @file Which key each stage had, run after run: an append-only file, written only when a stage's key changes. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hexOf, isKey } from '../../base/digest.ts';
import type { Key, RunId, StageId } from '../../base/ids.ts';
import { readAction } from '../../cache/actions.ts';
import { errnoOf } from '../../cache/publish.ts';
import type { Project } from '../project.ts';
import type { Fingerprint } from './fingerprint.ts';

export interface PastKey {
  readonly pipeline: string;
  readonly stage: StageId;
  readonly kind: string;
  readonly key: Key;
  readonly run: RunId;
  readonly ended: 'done' | 'failed';
}

export interface Past {
  /** The latest entry of a stage, under this pipeline's name. */
  latest(pipeline: string, stage: StageId): PastKey | undefined;
  /** All entries of a stage, oldest first. */
  of(pipeline: string, stage: StageId): readonly PastKey[];
  /**
   * What a stage without a past of its own is compared with: its namesake elsewhere, else another of its kind; with
   * `until`, one before that entry.
   */
  nearest(stage: StageId, kind: string, key: Key, until?: PastKey): PastKey | undefined;
  append(entry: PastKey): void;
}

export function openPast(project: Project): Past {
  const path = join(project.home, 'keys.jsonl');
  let loaded: { stages: Map<string, PastKey[]>; kinds: Map<string, PastKey[]> } | undefined;

  function load(): NonNullable<typeof loaded> {
    if (loaded !== undefined) return loaded;
    loaded = { stages: new Map(), kinds: new Map() };
    for (const entry of readEntries(path)) add(loaded, entry);
    return loaded;
  }

  const of = (pipeline: string, stage: StageId): readonly PastKey[] =>
    load().stages.get(nameOf(pipeline, stage)) ?? [];
  const latest = (pipeline: string, stage: StageId): PastKey | undefined => of(pipeline, stage).at(-1);

  return {
    of,
    latest,
    nearest: (stage, kind, key, until) => {
      const all = load().kinds.get(kind) ?? [];
      const before = until === undefined ? all : all.slice(0, all.indexOf(until));
      const others = before.filter((entry) => entry.key !== key);
      const namesake = others.findLast((entry) => entry.stage === stage);
      // Two commands have nothing in common but that they are commands.
      return namesake ?? (kind === 'command' ? undefined : others.at(-1));
    },
    append: (entry) => {
      const last = latest(entry.pipeline, entry.stage);
      if (last?.key === entry.key && last.ended === entry.ended) return;
      add(load(), entry);
      try {
        mkdirSync(dirname(path), { recursive: true });
        appendFileSync(path, `${JSON.stringify(entry)}\n`);
      } catch (error) {
        // Without it `why` knows less; the run has said already that its folder cannot be written.
        if (errnoOf(error) === undefined) throw error;
      }
    },
  };
}

/** Where the fingerprint of a key's attempts is kept, for stages that failed and have no action record. */
export function attemptsFolder(project: Project, key: Key): string {
  return join(project.home, 'attempts', hexOf(key));
}

/** The pre-image of a key, from its action record or its last attempt. */
export function fingerprintOfKey(project: Project, key: Key): Fingerprint | undefined {
  const record = readAction(project.cache, key);
  if (record !== undefined) return record.fingerprint as unknown as Fingerprint;
  try {
    return JSON.parse(
      readFileSync(join(attemptsFolder(project, key), 'fingerprint.json'), 'utf8'),
    ) as Fingerprint;
  } catch {
    return undefined;
  }
}

function add(
  loaded: { stages: Map<string, PastKey[]>; kinds: Map<string, PastKey[]> },
  entry: PastKey,
): void {
  push(loaded.stages, nameOf(entry.pipeline, entry.stage), entry);
  push(loaded.kinds, entry.kind, entry);
}

function push(map: Map<string, PastKey[]>, name: string, entry: PastKey): void {
  const list = map.get(name);
  if (list === undefined) map.set(name, [entry]);
  else list.push(entry);
}

function nameOf(pipeline: string, stage: StageId): string {
  return `${pipeline}\n${stage}`;
}

function readEntries(path: string): PastKey[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      const entry: unknown = line === '' ? undefined : JSON.parse(line);
      return isEntry(entry) ? [entry] : [];
    } catch {
      // A torn last line of a killed engine: that run's entry is lost, nothing else.
      return [];
    }
  });
}

/** A key is also a file name: nothing else may become one. */
function isEntry(value: unknown): value is PastKey {
  const { pipeline, stage, kind, key, run, ended } = Object(value) as { readonly [name: string]: unknown };
  if (![pipeline, stage, kind, key, run].every((field) => typeof field === 'string')) return false;
  return isKey(key as string) && (ended === 'done' || ended === 'failed');
}
