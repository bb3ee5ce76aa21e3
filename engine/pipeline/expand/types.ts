/** @file Which artifact fits which input. */
import type { ArtifactType, InputSpec } from '../../../stages/protocol/manifest.ts';

/** What an input takes: a kind's declaration, or anything for a command. */
export interface Expected {
  readonly what: string;
  readonly types: readonly ArtifactType[] | undefined;
  readonly arity: InputSpec['arity'] | 'any';
  readonly optional: boolean;
}

export type Form = 'file' | 'folder';

/** Whether an artifact of the type is one file or a folder of them. */
export function formOf(type: ArtifactType): Form {
  return type === 'folder' || type === 'model' || type === 'tokenizer' ? 'folder' : 'file';
}

/** `file` takes every file and `folder` every folder; otherwise the type itself must be listed. */
export function accepts(accepted: readonly ArtifactType[], type: ArtifactType): boolean {
  return accepted.includes(type) || accepted.includes(formOf(type));
}

const PLAIN: ReadonlySet<string> = new Set(['file', 'folder', 'metrics', 'tokenizer', 'model']);

/** `records` with its row schema apart, or the written form `records(pairs)`. */
export function parseType(type: string, schema: string | undefined): ArtifactType | undefined {
  if (PLAIN.has(type)) return schema === undefined ? (type as ArtifactType) : undefined;
  if (type === 'records')
    return schema !== undefined && /^[A-Za-z][\w-]*$/.test(schema) ? `records(${schema})` : undefined;
  return schema === undefined && /^records\([A-Za-z][\w-]*\)$/.test(type)
    ? (type as ArtifactType)
    : undefined;
}
