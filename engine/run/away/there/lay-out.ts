/** @file On the host: lays an attempt out from the objects that were brought, under the names that it would have at home. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest, StageId } from '../../../../base/ids.ts';
import { err, ok, type Result } from '../../../../base/result.ts';
import { writeAtomic } from '../../../../cache/publish.ts';
import type { Layout } from '../../../executors/site.ts';
import type { LaidOut } from '../../../executors/ssh/requests.ts';
import { lives } from '../../../executors/ssh/there/look.ts';
import type { Binding, Source } from '../../../pipeline/graph.ts';
import { stageInputs, stageOutputs } from '../../staging.ts';
import { keyFolder } from './folders.ts';

const PARTS = ['in', 'out', 'tmp', 'work', 'job'] as const;
/** What the attempt was handed, to be looked at when it has ended. */
export const HANDED = 'handed.json';
const LAID = 'laid.json';

/** Safe to repeat: what has begun to run is left as it is. The error is an object that is not there, or not whole. */
export function layOut(root: string, project: string, layout: Layout): Result<LaidOut, Digest> {
  const base = keyFolder(root, project, layout.key);
  const folder = join(base, String(layout.attempt));
  if (existsSync(join(folder, 'job', 'started'))) {
    return ok(readLaid(folder));
  }
  removeEarlier(base, layout.attempt);
  const state = join(base, 'state');
  if (!layout.keepState) rmSync(state, { recursive: true, force: true });
  for (const part of PARTS) mkdirSync(join(folder, part), { recursive: true });
  mkdirSync(state, { recursive: true });
  const inputs = stageInputs(
    { in: bindingsOf(layout) },
    layout.in,
    root,
    { folder },
    { apart: layout.apart, before: false },
  );
  if (!inputs.ok) return err(inputs.error.digest);
  const { staged, handed } = inputs.value;
  writeAtomic(join(folder, HANDED), JSON.stringify(handed));
  const laid: LaidOut = { folder, inputs: staged, outputs: stageOutputs(layout, { folder }), state };
  writeAtomic(join(folder, LAID), JSON.stringify(laid));
  return ok(laid);
}

export function readLaid(folder: string): LaidOut {
  return JSON.parse(readFileSync(join(folder, LAID), 'utf8')) as LaidOut;
}

/** The engine has the key's lock: an attempt before this one has ended, or is nobody's. Its own is laid out again. */
function removeEarlier(base: string, attempt: number): void {
  if (!existsSync(base)) return;
  for (const name of readdirSync(base)) {
    const old = join(base, name);
    if (/^\d+$/.test(name) && Number(name) <= attempt && !lives(old)) rmSync(old, { recursive: true });
  }
}

/** Here everything is an object: a file of the user's, too. */
function bindingsOf({ in: inputs }: Layout): { readonly [name: string]: Binding } {
  const source = (output: string): Source => ({ kind: 'output', stage: '' as StageId, output });
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { form, items }]): [string, Binding] => [
      name,
      form === 'one'
        ? { arity: 'one', source: source(name) }
        : { arity: 'many', form, items: items.map(({ label }) => [label, source(name)]) },
    ]),
  );
}
