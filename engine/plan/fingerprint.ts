/** @file The fingerprint: the JSON document of all that decides a stage's output. Its digest is the key. */
import type { Digest, Key } from '../../base/ids.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { keyOfFingerprint } from '../../cache/key.ts';
import type { Binding, HardwareFact, Stage, Workspace } from '../pipeline/graph.ts';
import type { Machine } from './machine.ts';

/** Counts up when an equal document would no longer mean an equal output. */
const SCHEMA = 1;

/**
 * What a stage sees of one input: its label, its bytes, and the suffix of the name it is shown under. Never the name
 * itself, nor a path: those may differ between checkouts.
 */
type FingerprintItem = readonly [label: string, form: Artifact['form'], digest: Digest, suffix: string];

export interface BackendFacts {
  readonly name: string;
  readonly version: string;
  readonly device: string;
  /** Another thread count sums in another order and gives other bytes. */
  readonly threads: number;
}

/** Not here, so that they never cause a rerun: names, descriptions, resources, retries, limits, conditions, executors, places. */
export interface Fingerprint {
  readonly schema: number;
  readonly kind: string;
  /** Digest of the kind's sources and package versions; null for commands, whose code is the command. */
  readonly code: Digest | null;
  /** After defaults and interpolation. */
  readonly with: JsonObject;
  /** Values of the matrix. */
  readonly axes: JsonObject;
  readonly in: {
    readonly [name: string]: { readonly form: InputForm; readonly items: readonly FingerprintItem[] };
  };
  /** Types and shown names: they decide what is checked and stored. */
  readonly out: { readonly [name: string]: { readonly type: string; readonly name: string | null } };
  readonly env: { readonly [name: string]: string };
  readonly backend: BackendFacts | null;
  /** The parts of a `run:` form, placeholders as such. */
  readonly command: Json;
  /** Facts of the machine that the stage asks for (`hardware:`); absent where it asks for none. */
  readonly hardware?: { readonly [F in HardwareFact]?: string };
  /** Of the image that the command runs in: by its bytes alone, from whatever registry they come. Absent without one. */
  readonly container?: Digest;
  /** Of a stage that runs in place: the folder, from the pipeline's; and its id, if it is run for its effect alone. */
  readonly workspace?: { readonly from: string; readonly stage: string | null };
}

type InputForm = 'one' | Extract<Binding, { arity: 'many' }>['form'];

/** One resolved input of a stage. */
export interface ResolvedItem {
  readonly label: string;
  readonly artifact: Artifact;
  readonly suffix: string;
}

export interface ResolvedInput {
  readonly form: InputForm;
  readonly items: readonly ResolvedItem[];
}

export type ResolvedInputs = { readonly [name: string]: ResolvedInput };

export function fingerprintOf(
  stage: Stage,
  inputs: ResolvedInputs,
  code: Digest | null,
  backend: BackendFacts | null,
  machine: Machine,
): Fingerprint {
  return {
    schema: SCHEMA,
    kind: stage.kind,
    code,
    with: stage.with,
    axes: stage.axes,
    in: mapValues(inputs, ({ form, items }) => ({
      form,
      items: items.map(
        ({ label, artifact, suffix }) => [label, artifact.form, artifact.digest, suffix] as const,
      ),
    })),
    out: mapValues(stage.out, ({ type, name }) => ({ type, name: name ?? null })),
    env: stage.env,
    backend,
    command: (stage.command ?? null) as Json,
    ...(stage.hardware.length === 0 ? {} : { hardware: factsOf(stage, machine) }),
    ...(stage.container === undefined ? {} : { container: stage.container.digest }),
    ...(stage.workspace === undefined ? {} : { workspace: workspaceOf(stage, stage.workspace) }),
  };
}

function factsOf({ hardware }: Stage, machine: Machine): NonNullable<Fingerprint['hardware']> {
  return Object.fromEntries(hardware.map((fact) => [fact, machine[fact]]));
}

/** Without outputs, the work of one stage is no result that another could take for its own. */
function workspaceOf(stage: Stage, { from }: Workspace): NonNullable<Fingerprint['workspace']> {
  return { from, stage: Object.keys(stage.out).length === 0 ? stage.id : null };
}

export function keyOf(fingerprint: Fingerprint): Key {
  return keyOfFingerprint(asJson(fingerprint));
}

export function asJson(fingerprint: Fingerprint): JsonObject {
  return fingerprint as unknown as JsonObject;
}

function mapValues<A, B>(
  record: { readonly [name: string]: A },
  map: (value: A) => B,
): { [name: string]: B } {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
