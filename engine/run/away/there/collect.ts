/** @file On the host: what an attempt left behind, once its job has ended. Safe to ask again. */
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Handed } from '../../../../cache/placement.ts';
import { errnoOf } from '../../../../cache/publish.ts';
import { spoiledInput } from '../../../../cache/spoiled.ts';
import type { Layout, SpoiledThere } from '../../../executors/site.ts';
import type { CollectedThere } from '../../../executors/ssh/requests.ts';
import { collectOutputs } from '../../collect.ts';
import { HANDED, readLaid } from './lay-out.ts';
import { once } from './once.ts';

/** Outputs into the store. */
export async function collectThere(
  root: string,
  folder: string,
  out: Layout['out'],
): Promise<CollectedThere> {
  const done = await once(folder, 'collected', async (): Promise<CollectedThere> => {
    const collected = await collectOutputs({ out }, readLaid(folder).outputs, root);
    if (!collected.ok) {
      const { code, message, hint } = collected.error;
      return code === 'cache-write' ? { kind: 'full', message } : { kind: 'refused', code, message, hint };
    }
    const { artifacts, unstored } = collected.value;
    return unstored === undefined ? { kind: 'outputs', artifacts } : { kind: 'full', message: unstored };
  });
  return done ?? { kind: 'broken' };
}

/** The first input that is not what was handed out. A spoiled object is taken out of the store. */
export async function spoiledThere(folder: string): Promise<SpoiledThere | undefined> {
  const found = await once(folder, 'spoiled', async (): Promise<{ readonly spoiled?: SpoiledThere }> => {
    const handed = JSON.parse(readFileSync(join(folder, HANDED), 'utf8')) as Handed[];
    const spoiled = spoiledInput(handed);
    if (spoiled === undefined) return {};
    const { path, digest, form } = spoiled.handed;
    return { spoiled: { path: relative(folder, path), digest, form, sure: spoiled.sure } };
  });
  return found?.spoiled;
}

/** Takes an attempt's files away; with `state`, what its key's attempts shared, too. Answers whether something is left in that. */
export function removeThere(folder: string, state: boolean): boolean {
  const base = dirname(folder);
  rmSync(state ? base : folder, { recursive: true, force: true });
  const kept = join(base, 'state');
  if (existsSync(kept) && readdirSync(kept).length > 0) return true;
  // What fails again and again leaves no trace but what it saved.
  for (const empty of [kept, base]) removeEmpty(empty);
  return false;
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
  }
}
