/** @file `--with`, `--in` and `--set` laid over the file. */
import type { Json, JsonObject } from '../../../base/json.ts';
import { listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import { childMap, type Entry, fromJson, type MapNode, mapNode } from '../yaml/tree.ts';
import type { Draft, StageDraft } from './draft.ts';
import { interpolateMap, type Scope } from './interpolate.ts';

export interface Overrides {
  readonly with: JsonObject;
  readonly in: { readonly [name: string]: string };
  /** `stage.param` -> value; further dots name members. */
  readonly set: JsonObject;
  /** Paths of `in` are relative to it. */
  readonly cwd: string;
}

/** A value, and the words for where it was given: `--with lr`. */
export interface Laid {
  readonly value: Json;
  readonly from: string;
}
export type LaidValues = ReadonlyMap<string, Laid>;

/** What is laid over one pipeline: by the call, or by the stage that it is. */
export interface Overlay {
  readonly with: LaidValues;
  readonly in: LaidValues;
  /** By `stage.param`; `child/stage.param` goes on to the pipeline that the stage is. */
  readonly set: LaidValues;
}

export function overlayOf(overrides: Overrides): Overlay {
  const laid = (face: 'with' | 'in' | 'set'): LaidValues =>
    new Map(
      Object.entries(overrides[face]).map(([name, value]) => [name, { value, from: `--${face} ${name}` }]),
    );
  return { with: laid('with'), in: laid('in'), set: laid('set') };
}

export interface Overlaid {
  readonly draft: Draft;
  /** What is set inside pipelines that are stages, by stage. */
  readonly inside: ReadonlyMap<string, LaidValues>;
}

/**
 * The draft as if the values stood in it. Names that the file does not know are errors. Defaults of `with` are
 * plain data; defaults of `in` may use parameters, so they are interpolated in between.
 */
export function override(draft: Draft, overlay: Overlay, scope: Scope): Overlaid {
  const { problems } = scope;
  const written = interpolateMap(draft.with, { ...scope, with: undefined });
  const parameters = lay(written, overlay.with, 'with', problems);
  const defaults = interpolateMap(draft.in, { ...scope, with: parameters });
  const inputs = lay(defaults, overlay.in, 'in', problems);
  const stages = new Map(draft.stages);
  const inside = new Map<string, Map<string, Laid>>();
  for (const [name, laid] of overlay.set) {
    const at = name.split('.', 1)[0]?.indexOf('/') ?? -1;
    if (at < 0) setParameter(name, laid, draft, stages, problems);
    else if (isPipeline(name.slice(0, at), laid, draft, problems)) {
      const below = inside.get(name.slice(0, at)) ?? new Map<string, Laid>();
      inside.set(name.slice(0, at), below.set(name.slice(at + 1), laid));
    }
  }
  return { draft: { ...draft, with: parameters, in: inputs, stages }, inside };
}

function isPipeline(name: string, { from }: Laid, draft: Draft, problems: Problems): boolean {
  const stage = draft.stages.get(name);
  if (stage?.form === 'pipeline') return true;
  if (stage === undefined) unknownStage(name, from, draft, problems);
  else {
    problems.error('unknown-stage', undefined, `${from}: the stage "${name}" is no pipeline.`, {
      hint: `write --set ${name}.PARAMETER=VALUE`,
    });
  }
  return false;
}

function unknownStage(name: string, from: string, draft: Draft, problems: Problems): void {
  if (draft.broken.has(name)) return;
  const known = [...draft.stages.keys()];
  const instance = name.includes('[') ? 'name the stage without [...]: all its instances are set' : undefined;
  problems.error('unknown-stage', undefined, `${from}: there is no stage "${name}".`, {
    hint: instance ?? problems.suggest(name, known) ?? `stages: ${listed(known, 12)}`,
  });
}

function lay(node: MapNode, values: LaidValues, face: 'with' | 'in', problems: Problems): MapNode {
  if (values.size === 0) return node;
  const entries = new Map<string, Entry>(node.entries);
  for (const [name, { value, from }] of values) {
    const entry = node.entries.get(name);
    if (entry === undefined) {
      const known = [...node.entries.keys()];
      const none = `the file declares nothing under ${face}:`;
      problems.error(
        face === 'with' ? 'unknown-parameter' : 'unknown-input',
        undefined,
        `${from}: the pipeline has no such ${face === 'with' ? 'parameter' : 'input'}.`,
        {
          hint: problems.suggest(name, known) ?? (known.length > 0 ? `it has ${listed(known, 12)}` : none),
        },
      );
    } else if (isPlain(value, from, problems)) {
      entries.set(name, { ...entry, value: fromJson(value, entry.value.range, from) });
    }
  }
  return { ...node, entries };
}

/** The command line can spell what a file may not hold. */
function isPlain(value: Json, option: string, problems: Problems): boolean {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    problems.error('not-finite', undefined, `${option}: infinities and NaN are not parameters.`, {
      hint: 'use null or a large number',
    });
    return false;
  }
  if (typeof value === 'string' && /[\0\p{Surrogate}]/u.test(value)) {
    problems.error(
      'bad-character',
      undefined,
      `${option}: the text holds a character that cannot be passed on.`,
      { hint: 'remove it' },
    );
    return false;
  }
  if (value === null || typeof value !== 'object') return true;
  return Object.values(value).every((member: Json) => isPlain(member, option, problems));
}

function setParameter(
  name: string,
  { value, from: option }: Laid,
  draft: Draft,
  stages: Map<string, StageDraft>,
  problems: Problems,
): void {
  const [stageName = '', ...path] = name.split('.');
  const stage = stages.get(stageName);
  if (stage === undefined) {
    unknownStage(stageName, option, draft, problems);
    return;
  }
  if (path.length === 0 || path.includes('')) {
    problems.error('bad-option', undefined, `${option}: a parameter is missing.`, {
      hint: 'write --set STAGE.PARAMETER=VALUE',
    });
    return;
  }
  if (!isPlain(value, option, problems)) return;
  const parameters = put(childMap(stage.node, 'with') ?? mapNode(stage.nameRange, []), path, value, option);
  const before = stage.node.entries.get('with');
  const entry: Entry = { key: 'with', keyRange: before?.keyRange ?? stage.nameRange, value: parameters };
  stages.set(stageName, {
    ...stage,
    node: { ...stage.node, entries: new Map(stage.node.entries).set('with', entry) },
  });
}

/** A parameter that the kind does not know is found when the stage's own schema is checked. */
function put(node: MapNode, path: readonly string[], value: Json, option: string): MapNode {
  const [name = '', ...rest] = path;
  const before = node.entries.get(name);
  const range = before?.value.range ?? node.range;
  const inner = before?.value.kind === 'map' ? before.value : mapNode(range, [], option);
  const next = rest.length === 0 ? fromJson(value, range, option) : put(inner, rest, value, option);
  const entry: Entry = { key: name, keyRange: before?.keyRange ?? node.range, value: next };
  return { ...node, entries: new Map(node.entries).set(name, entry) };
}
