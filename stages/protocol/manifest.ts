import type { JsonObject } from '../../base/json.ts';

/**
 * What an artifact is. `records(S)` is JSON lines, each row checked against `schemas/records/S.schema.json`;
 * `model` and `tokenizer` are Hugging Face folders; `metrics` is one JSON file.
 */
export type ArtifactType = 'file' | 'folder' | 'metrics' | 'tokenizer' | 'model' | `records(${string})`;

export interface InputSpec {
  /** Accepted types; the first is the canonical one. */
  readonly type: ArtifactType | readonly ArtifactType[];
  readonly description: string;
  /** `one`: a path. `map`: `{label: value}`, in code-point order of labels. `list`: `[value, ...]`, as written. Default `one`. */
  readonly arity?: 'one' | 'map' | 'list';
  readonly optional?: boolean;
}

interface OutputSpec {
  readonly type: ArtifactType;
  readonly description: string;
  /** File name shown to people and used in `out/`, e.g. `metrics.json`. */
  readonly name?: string;
}

/** `stages/<kind>/manifest.json`: the three faces of a kind. */
export interface Manifest {
  readonly kind: string;
  readonly description: string;
  readonly in: { readonly [name: string]: InputSpec };
  /** JSON Schema (draft-07) of the parameters: an object, `additionalProperties: false`, every property with description, and a default or `required`. */
  readonly with: JsonObject;
  readonly out: { readonly [name: string]: OutputSpec };
  /** Kinds that compute on a backend: its name, version, device and threads enter the key. */
  readonly backend?: 'onnx';
}
