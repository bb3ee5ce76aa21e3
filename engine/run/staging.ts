/** @file What a stage finds in its attempt's folder: inputs under fixed names, places for its outputs. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Handed, Lost } from '../../cache/placement.ts';
import { handedBeforeFromAnywhere, handFromAnywhere } from '../../cache/temporary.ts';
import type { Source, Stage } from '../pipeline/graph.ts';
import type { ResolvedInputs, ResolvedItem } from '../plan/fingerprint.ts';
import { sourcesOf } from '../plan/index.ts';
import { fileNameOf } from '../plan/placed.ts';
import { isFolder, suffixOfOutput } from '../plan/suffix.ts';
import type { Attempt } from './attempt-folder.ts';

/** What the stage is told of its inputs. A map, list or group is also a folder with `index.json`, for commands. */
export interface StagedInput {
  readonly path: string;
  readonly many: readonly (readonly [label: string, path: string])[] | undefined;
}

/** What a stage was handed, and which stage made it. */
export type HandedFrom = Handed & { readonly producer: StageId };
/** An input whose bytes are gone, and who made them. */
type LostInput = Lost & { readonly producer: StageId; readonly output: string };

/** `before`: what an earlier run laid out stays as it is. */
export function stageOutputs(
  stage: Pick<Stage, 'out'>,
  attempt: Pick<Attempt, 'folder'>,
  before = false,
): { [name: string]: string } {
  const folder = join(attempt.folder, 'out');
  return Object.fromEntries(
    Object.entries(stage.out).map(([name, output]) => {
      const path = join(folder, `${name}${suffixOfOutput(output)}`);
      if (isFolder(output) && !before) mkdirSync(path);
      return [name, path];
    }),
  );
}

/** How inputs are handed over. */
export interface Handing {
  /** Results as copies that no other stage sees. */
  readonly apart: boolean;
  /** An earlier run did it: they are only looked up. */
  readonly before: boolean;
}

/** Puts every input under a name that follows from the fingerprint alone: the user's files as links, results by hand-out. */
export function stageInputs(
  stage: Pick<Stage, 'in'>,
  inputs: ResolvedInputs,
  cache: string,
  attempt: Pick<Attempt, 'folder'>,
  handing: Handing,
): Result<{ staged: { [name: string]: StagedInput }; handed: HandedFrom[] }, LostInput> {
  const staged: { [name: string]: StagedInput } = {};
  const handed: HandedFrom[] = [];
  const folder = join(attempt.folder, 'in');
  for (const [name, input] of Object.entries(inputs)) {
    const sources = sourcesOf(stage.in[name] as Stage['in'][string]);
    const one = input.form === 'one';
    const base = join(folder, name);
    if (!one && !handing.before) mkdirSync(base);
    const many: [label: string, path: string][] = [];
    for (const [i, item] of input.items.entries()) {
      const source = sources[i] as Source;
      if (one && source.kind === 'file' && item.artifact.form === 'tree') {
        // As it is: `find` and `cp -r` would see a link to a folder, not a folder.
        many.push([item.label, source.path]);
        continue;
      }
      const path = one ? `${base}${item.suffix}` : join(base, itemName(item));
      const given = give(cache, item, source, path, handing);
      if (!given.ok) return given;
      for (const one of given.value) handed.push(one);
      many.push([item.label, path]);
    }
    if (one) staged[name] = { path: (many[0] as [string, string])[1], many: undefined };
    else {
      const index = input.items.map((item) => ({ label: item.label, path: itemName(item) }));
      if (!handing.before) writeFileSync(join(base, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
      staged[name] = { path: base, many };
    }
  }
  return ok({ staged, handed });
}

function give(
  cache: string,
  item: ResolvedItem,
  source: Source,
  path: string,
  { apart, before }: Handing,
): Result<HandedFrom[], LostInput> {
  if (source.kind === 'file') {
    if (!before) symlinkSync(source.path, path);
    return ok([]);
  }
  const { stage: producer, output } = source;
  if (before) {
    const found = handedBeforeFromAnywhere(cache, item.artifact, path);
    return ok(found.map((each) => ({ ...each, producer })));
  }
  const given = handFromAnywhere(cache, item.artifact, path, apart);
  if (!given.ok) return err({ ...given.error, producer, output });
  return ok(given.value.map((each) => ({ ...each, producer })));
}

/** Never `index.json`, which lists the others. */
function itemName(item: ResolvedItem): string {
  const name = `${fileNameOf(item.label)}${item.suffix}`;
  return name === 'index.json' ? '%69ndex.json' : name;
}
