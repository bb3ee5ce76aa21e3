/**
 * @file The lock file `NAME.lock.yaml`: what every stage's key was and what it gave. Several lines a stage, with an
 * empty one between two, so that git merges edits of neighbours by itself.
 */
import { compareCodePoints } from '../../base/canonical.ts';
import type { Digest, Key, RunId, StageId } from '../../base/ids.ts';
import type { Artifact } from '../../cache/artifact.ts';

export interface LockEntry {
  readonly key: Key;
  readonly out: { readonly [name: string]: Artifact };
}

export type LockEntries = ReadonlyMap<StageId, LockEntry>;

export const LOCK_SCHEMA = 'warren/lock/1';
/** Stands where a record names the run that made it, for a result that was taken from a lock file's word. */
export const LOCK_RUN = 'lock' as RunId;
export const NO_ENTRIES: LockEntries = new Map();

const HEAD = `# What the last complete run gave, by stage. Written by warren; belongs in version control.
schema: ${LOCK_SCHEMA}
`;
/** Read by YAML as something else than text when they stand unquoted. */
const KEYWORD = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

export function lockText(entries: LockEntries): string {
  if (entries.size === 0) return `${HEAD}stages: {}\n`;
  const ids = [...entries.keys()].sort(compareCodePoints);
  const parts = ids.map((id) => {
    const { key, out } = entries.get(id) as LockEntry;
    const names = Object.keys(out).sort(compareCodePoints);
    const lines = names.map((name) => {
      const { form, digest } = out[name] as Artifact;
      return `      ${PLAIN.test(name) && !KEYWORD.test(name) ? name : JSON.stringify(name)}: ${form} ${digest}\n`;
    });
    const outputs = names.length === 0 ? '    out: {}\n' : `    out:\n${lines.join('')}`;
    return `  ${JSON.stringify(id)}:\n    key: ${key}\n${outputs}`;
  });
  return `${HEAD}stages:\n${parts.join('\n')}`;
}

const ID = /^ {2}("(?:[^"\\]|\\.)*"):$/;
const KEY = /^ {4}key: (sha256:[0-9a-f]{64})$/;
const PLAIN = /^[A-Za-z][\w-]*$/;
const OUTPUT = /^ {6}([A-Za-z][\w-]*|"(?:[^"\\]|\\.)*"): (\S+ \S+)$/;
const ARTIFACT = /^(file|exec|tree) (sha256:[0-9a-f]{64})$/;

/** `tree sha256:...`; undefined for anything else. */
export function parseArtifact(text: string): Artifact | undefined {
  const [, form, digest] = ARTIFACT.exec(text) ?? [];
  return form === undefined ? undefined : { form: form as Artifact['form'], digest: digest as Digest };
}

/** Reads what `lockText` wrote, without the YAML parser. Undefined for any other text, whatever it means. */
export function parseWritten(text: string): LockEntries | undefined {
  const entries = new Map<StageId, { key: Key; out: { [name: string]: Artifact } }>();
  let entry: { key: Key; out: { [name: string]: Artifact } } | undefined;
  try {
    for (const line of text.split('\n')) {
      const id = ID.exec(line)?.[1];
      if (id !== undefined) {
        entry = { key: '' as Key, out: {} };
        entries.set(JSON.parse(id) as StageId, entry);
        continue;
      }
      const key = KEY.exec(line)?.[1];
      if (key !== undefined && entry !== undefined) entry.key = key as Key;
      const [, written, value] = OUTPUT.exec(line) ?? [];
      const name = written?.startsWith('"') ? (JSON.parse(written) as string) : written;
      const artifact = value === undefined ? undefined : parseArtifact(value);
      if (name !== undefined && artifact !== undefined && entry !== undefined) entry.out[name] = artifact;
    }
  } catch {
    return undefined;
  }
  // Whatever was passed over or is out of place shows here.
  return lockText(entries) === text ? entries : undefined;
}
