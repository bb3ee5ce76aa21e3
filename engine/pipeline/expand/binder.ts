/** @file What binding inputs needs and gives: the words that its parts share. */
import type { Place } from '../../../base/diagnostic.ts';
import type { StageId } from '../../../base/ids.ts';
import type { Binding, Source } from '../graph.ts';
import type { Problems, Related } from '../problems.ts';
import type { MapNode, Range } from '../yaml/tree.ts';
import { anyFiles, type Files } from './files.ts';
import type { Task } from './instance.ts';
import type { Referrer, Resolver } from './resolve.ts';
import type { Expected } from './types.ts';

/** A stretch of one of the files. */
export interface Spot {
  readonly problems: Problems;
  readonly range: Range;
}
export function placeOf({ problems, range }: Spot): Place {
  return problems.placeOf(range);
}

/** Stages that a stage needs, and where that is written. Members of a group cost one edge each, however many take it. */
export interface Need {
  readonly of:
    | { readonly form: 'one'; readonly instance: { readonly id: StageId } }
    | { readonly form: 'group'; readonly group: Members };
  readonly spot: Spot;
}
interface Members {
  readonly id: string;
  readonly members: readonly (readonly [label: string, instance: { readonly id: StageId }])[];
}

/** What an input or an output of a pipeline stands for. */
export interface Bound {
  /** Null: nothing is given; undefined: it cannot be told, after an error. */
  readonly binding: Binding | null | undefined;
  readonly needs: readonly Need[];
  /** Where it was written first, however many pipelines pass it on. */
  readonly spot: Spot;
}

/** An input that a stage gives to its pipeline. */
export interface Given {
  readonly spot: Spot;
  bound(): Bound;
}

export interface Binder {
  readonly problems: Problems;
  readonly resolver: Resolver;
  readonly files: Files;
  /** The pipeline's own inputs and their defaults. */
  readonly inputs: MapNode;
  /** What its parent gives in their place. */
  readonly given: ReadonlyMap<string, Given>;
  /** The stage that it is; undefined at the top. */
  readonly outer: { readonly spot: Spot; readonly name: string } | undefined;
  usedInput(name: string): void;
  /** Members of a group as sources, one list for all that refer to it. */
  readonly groups: Map<string, Items>;
  /** Set for a stage that is left out: then every input may be null. */
  readonly optional?: true;
  /** Those of all pipelines. */
  readonly tasks: ReadonlyMap<StageId, Task>;
  /** Lists that are passed on, as nodes of the graph. */
  readonly passed: Map<Items, Members>;
}

/** For a stage that is left out: it may name files that are not there, for that is often why. */
export function lenient(binder: Binder): Binder {
  return { ...binder, files: anyFiles, optional: true };
}

export type Items = readonly (readonly [label: string, source: Source])[];

/** Where what is wrong with a value is told, and what belongs to it. */
export interface Told {
  readonly spot: Spot;
  readonly related: readonly Related[];
}
export type One = { readonly told: Told } & (
  | { readonly form: 'source'; readonly source: Source }
  | { readonly form: 'items'; readonly as: 'group' | 'map' | 'list'; readonly items: Items }
);

/** Who asks for what; `needs` collects the stages that are referred to. */
export interface Asking {
  readonly expected: Expected;
  readonly referrer: Referrer;
  readonly binder: Binder;
  readonly needs: Need[];
}
/** A reference as it is written. */
export interface Reference {
  readonly text: string;
  readonly range: Range;
}
