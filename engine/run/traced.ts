/**
 * @file Where a stage's failure lies, in terms of the pipeline: the stage names its own copy or link of an input, which
 * goes with the attempt, and people need the file that it stands for.
 */
import { objectPath } from '../../cache/layout.ts';
import type { StageFailure } from '../event.ts';
import type { Source, Stage } from '../pipeline/graph.ts';
import { sourcesOf } from '../plan/index.ts';
import type { HandedFrom, StagedInput } from './staging.ts';

export interface Given {
  readonly staged: { readonly [name: string]: StagedInput };
  readonly handed: readonly Pick<HandedFrom, 'path' | 'cache' | 'digest' | 'form'>[];
}

/** The user's own file, or the output of a stage with the object that holds it; a file that is no input stays. */
export function traced(failure: StageFailure, stage: Stage, given: Given): StageFailure {
  const { file } = failure;
  if (file === undefined) return failure;
  for (const [name, { path, many }] of Object.entries(given.staged)) {
    const places = many?.map(([, each]) => each) ?? [path];
    const at = places.findIndex((each) => file === each || file.startsWith(`${each}/`));
    if (at === -1) continue;
    const source = sourcesOf(stage.in[name] as Stage['in'][string])[at] as Source;
    const rest = file.slice((places[at] as string).length);
    if (source.kind === 'file') return { ...failure, file: `${source.path}${rest}` };
    const { file: _, ...others } = failure;
    const object = given.handed.find((each) => each.path === file);
    return {
      ...others,
      input: `${source.stage}.${source.output}${source.subpath === undefined ? '' : `/${source.subpath}`}${rest}`,
      ...(object === undefined ? {} : { file: objectPath(object.cache, object.digest, object.form) }),
    };
  }
  return failure;
}
