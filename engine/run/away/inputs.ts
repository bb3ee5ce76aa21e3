/** @file What has to be at hand for a stage that runs elsewhere: every object of its inputs, and where its bytes are here. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest, StageId } from '../../../base/ids.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Artifact, TreeEntry } from '../../../cache/artifact.ts';
import { listInput } from '../../../cache/inputs.ts';
import { objectPath } from '../../../cache/layout.ts';
import { errnoOf } from '../../../cache/publish.ts';
import { temporaryStore } from '../../../cache/temporary.ts';
import { entriesOf, firstLost, treeDigest, treeText } from '../../../cache/tree.ts';
import type { Good } from '../../executors/site.ts';
import type { Source, Stage } from '../../pipeline/graph.ts';
import type { ResolvedInputs } from '../../plan/fingerprint.ts';
import { sourcesOf } from '../../plan/index.ts';
import type { World } from '../../plan/world.ts';

export type NotAtHand =
  | { readonly kind: 'lost'; readonly producer: StageId; readonly output: string; readonly digest: Digest }
  /** A file of the user's is no longer what was hashed. */
  | { readonly kind: 'changed'; readonly file: string };

export interface AtHand {
  /** Each object once. */
  readonly goods: readonly Good[];
  /** Who made an object, where it was not the user. */
  readonly makers: ReadonlyMap<Digest, Pick<Made, 'stage' | 'output'>>;
}

export function goodsOf(
  stage: Pick<Stage, 'in'>,
  inputs: ResolvedInputs,
  { project, memo }: Pick<World, 'project' | 'memo'>,
): Result<AtHand, NotAtHand> {
  const goods = new Map<string, Good>();
  const makers = new Map<Digest, Pick<Made, 'stage' | 'output'>>();
  const put = (good: Good): void => {
    const name = `${good.digest} ${good.form}`;
    if (!goods.has(name)) goods.set(name, good);
  };
  const add = (digest: Digest, form: Artifact['form'], file: string, loose?: string): void =>
    // The list of a folder is a file like any other.
    put({ digest, form: form === 'exec' ? form : 'file', size: statSync(file).size, from: { file }, loose });
  const addList = (entries: readonly TreeEntry[], digest: Digest): void => {
    const text = treeText(entries);
    put({ digest, form: 'file', size: Buffer.byteLength(text), from: { text } });
  };

  function addResult(artifact: Artifact, source: Made): NotAtHand | undefined {
    const { stage: producer, output } = source;
    const { digest, form, held } = artifact;
    makers.set(digest, source);
    const lost = (): NotAtHand => ({ kind: 'lost', producer, output, digest });
    const stores = [project.cache, temporaryStore(project.cache)];
    const store = stores.find((each) => firstLost(each, artifact) === undefined);
    if (store === undefined) return lost();
    if (form !== 'tree') {
      add(digest, form, held?.path ?? objectPath(store, digest, form));
      return undefined;
    }
    const entries = entriesOf(store, artifact);
    if (entries === undefined) return lost();
    if (held === undefined) add(digest, form, objectPath(store, digest, form));
    else addList(entries, digest);
    for (const [path, kind, value] of entries) {
      if (kind === 'dir' || kind === 'link') continue;
      makers.set(value, source);
      add(value, kind, held === undefined ? objectPath(store, value, kind) : join(held.path, path));
    }
    return undefined;
  }

  function addFile({ digest, form }: Artifact, { path, without = [] }: OfUser): NotAtHand | undefined {
    const changed: NotAtHand = { kind: 'changed', file: path };
    if (form !== 'tree') {
      add(digest, form, path, path);
      return undefined;
    }
    const listed = listInput(path, memo, without);
    if (!listed.ok || treeDigest(listed.value) !== digest) return changed;
    addList(listed.value, digest);
    for (const [member, kind, value] of listed.value) {
      if (kind === 'dir' || kind === 'link') continue;
      add(value, kind, join(path, member), join(path, member));
    }
    return undefined;
  }

  for (const [name, { items }] of Object.entries(inputs)) {
    const sources = sourcesOf(stage.in[name] as Stage['in'][string]);
    for (const [i, { artifact }] of items.entries()) {
      const source = sources[i] as Source;
      const fault = guarded(
        () => (source.kind === 'file' ? addFile(artifact, source) : addResult(artifact, source)),
        source,
        artifact,
      );
      if (fault !== undefined) return err(fault);
    }
  }
  return ok({ goods: [...goods.values()], makers });
}

type Made = Extract<Source, { readonly kind: 'output' }>;
type OfUser = Extract<Source, { readonly kind: 'file' }>;

/** Taken away between two looks. */
function guarded(
  add: () => NotAtHand | undefined,
  source: Source,
  { digest }: Artifact,
): NotAtHand | undefined {
  try {
    return add();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    if (source.kind === 'file') return { kind: 'changed', file: source.path };
    return { kind: 'lost', producer: source.stage, output: source.output, digest };
  }
}
