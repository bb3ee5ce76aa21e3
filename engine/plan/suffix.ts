import { basename } from 'node:path';
import type { Output } from '../pipeline/graph.ts';

const USUAL = /^[^.]+((?:\.[A-Za-z0-9]{1,12}){1,2})$/;

/** `data.jsonl.gz` -> `.jsonl.gz`: what programs guess a format by. Empty for hidden files and unusual names. */
export function suffixOfPath(path: string): string {
  return USUAL.exec(basename(path))?.[1] ?? '';
}

/** Suffix of an output's file: from its declared name, else from its type. Folders have none. */
export function suffixOfOutput(output: Output): string {
  if (isFolder(output)) return '';
  if (output.name !== undefined) return suffixOfPath(output.name);
  if (output.type === 'metrics') return '.json';
  return output.type === 'file' ? '' : '.jsonl';
}

export function isFolder(output: Output): boolean {
  return output.type === 'folder' || output.type === 'model' || output.type === 'tokenizer';
}
