import { ok } from '../../base/result.ts';
import type { Patience } from './exchange.ts';
import { folderRemote } from './folder.ts';
import type { Remote, Remotely, RemotePlace } from './remote.ts';

/** Files above this are sent in parts of this size. Bytes. */
const PART = 16 << 20;

/** Opens a remote; nothing is asked of it yet. Credentials come from the environment alone. */
export async function openRemote(
  place: RemotePlace,
  env: { readonly [name: string]: string | undefined },
  patience: Patience,
): Remotely<Remote> {
  if (place.kind === 'folder') return ok(folderRemote(place.path));
  const { s3Remote } = await import('./s3.ts');
  return s3Remote(place, env, { patience, part: PART });
}
