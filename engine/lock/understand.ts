/** @file A lock file that was not written by this program as it is now: edited, merged, torn, or newer. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Key, StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { type Problems, problemsIn } from '../pipeline/problems.ts';
import { parseTree } from '../pipeline/yaml/parse.ts';
import type { MapNode, Node } from '../pipeline/yaml/tree.ts';
import { LOCK_SCHEMA, type LockEntries, type LockEntry, parseArtifact } from './format.ts';

const KEY = /^sha256:[0-9a-f]{64}$/;

/** The entries, or everything that is wrong with the text. An empty text has none. */
export function understandLock(file: string, text: string): Result<LockEntries, readonly Diagnostic[]> {
  if (text.trim() === '') return ok(new Map());
  const problems = problemsIn(file, text);
  const root = parseTree(text, problems);
  const entries = root === undefined ? undefined : entriesIn(root, problems);
  if (problems.errors.length > 0) return err(problems.errors);
  return ok(entries ?? new Map());
}

function entriesIn(root: Node, problems: Problems): LockEntries | undefined {
  const file = mapOf(root, 'The file', problems);
  const schema = file?.entries.get('schema');
  if (file === undefined) return undefined;
  const version = schema === undefined ? undefined : textOf(schema.value);
  if (version !== LOCK_SCHEMA) {
    const message = 'This lock file is of a form that this version of warren does not know.';
    const hint = `schema: ${LOCK_SCHEMA} is what it reads; update warren, or delete the file`;
    problems.error('lock-schema', schema?.value.range ?? root.range, message, { hint });
    return undefined;
  }
  refuseOthers(file, ['schema', 'stages'], problems);
  const entries = new Map<StageId, LockEntry>();
  const stages = file.entries.get('stages')?.value;
  if (stages === undefined) return entries;
  for (const { key: id, value } of mapOf(stages, 'stages', problems)?.entries.values() ?? []) {
    const entry = entryIn(value, problems);
    if (entry !== undefined) entries.set(id as StageId, entry);
  }
  return entries;
}

function entryIn(node: Node, problems: Problems): LockEntry | undefined {
  const map = mapOf(node, 'A stage', problems);
  if (map === undefined) return undefined;
  refuseOthers(map, ['key', 'out'], problems);
  const key = map.entries.get('key')?.value;
  if (key === undefined || !KEY.test(textOf(key) ?? ''))
    wrong(problems, key ?? map, 'A key is `sha256:` and 64 hexadecimal digits.');
  const out: { [name: string]: Artifact } = {};
  const outputs = map.entries.get('out')?.value;
  if (outputs === undefined) wrong(problems, map, 'A stage of a lock file has `key` and `out`.');
  const listed = outputs === undefined ? undefined : mapOf(outputs, 'out', problems);
  for (const { key: name, value } of listed?.entries.values() ?? []) {
    const artifact = parseArtifact(textOf(value) ?? '');
    if (artifact === undefined)
      wrong(problems, value, 'An output is `file`, `exec` or `tree`, a space, and a digest.');
    else out[name] = artifact;
  }
  return { key: (key === undefined ? '' : (textOf(key) ?? '')) as Key, out };
}

function refuseOthers(map: MapNode, known: readonly string[], problems: Problems): void {
  for (const { key, keyRange } of map.entries.values()) {
    if (known.includes(key)) continue;
    problems.error('lock-invalid', keyRange, `A lock file has no "${key}" here.`, { hint: HINT });
  }
}

function mapOf(node: Node, what: string, problems: Problems): MapNode | undefined {
  if (node.kind === 'map') return node;
  wrong(problems, node, `${what} of a lock file is a map.`);
  return undefined;
}

function textOf(node: Node): string | undefined {
  return node.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

const HINT = 'delete the file; the next complete run writes it again';

function wrong(problems: Problems, node: Node, message: string): void {
  problems.error('lock-invalid', node.range, message, { hint: HINT });
}
