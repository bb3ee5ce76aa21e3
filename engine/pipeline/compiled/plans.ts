/**
 * @file Compiled plans: `.warren/plans/<digest>`, a loaded pipeline beside everything that it came from. One that is
 * torn, of another program, or older than a file it came from, is as good as none.
 */
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestBytes, digestFile, digestOf, hexOf } from '../../../base/digest.ts';
import type { Digest } from '../../../base/ids.ts';
import type { Guard } from '../../../cache/guards.ts';
import { identityOf } from '../../../cache/identity.ts';
import { errnoOf, removeQuietly, temporaryBeside, withFolder } from '../../../cache/publish.ts';
import type { Loaded } from '../load.ts';
import { stillThere } from '../reads.ts';
import { decode, encode } from './encode.ts';

/** What a load was asked for. Places in warnings and errors name the file as it was given. */
interface Asked {
  /** Absolute. */
  readonly path: string;
  readonly file: string;
  readonly cwd: string;
  /** Options that change what is loaded, as they were typed. */
  readonly overrides: { readonly [option: string]: readonly string[] };
}

export interface Plans {
  /** The pipeline as it was loaded for the same question, while nothing that it came from has changed. */
  find(asked: Asked): Loaded | undefined;
  /** Keeps what was loaded; where it cannot, the next load only takes longer. */
  keep(asked: Asked, loaded: Loaded): void;
}

/** Plans kept for one project: the latest, and so many bytes of them at most. */
const MOST = 24;
const MOST_BYTES = 256 * 2 ** 20;
/** Digest of what follows, in one line. */
const HEAD = 'sha256:'.length + 65;

/** `build` names the program: another one may read a file in another way. */
export function plansIn(home: string, build: string): Plans {
  const folder = join(home, 'plans');

  function nameOf(asked: Asked): { readonly digest: Digest; readonly path: string } {
    const { path, file, cwd, overrides } = asked;
    const digest = digestOf('warren/plan/1', [build, path, file, cwd, overrides]);
    return { digest, path: join(folder, hexOf(digest)) };
  }

  return {
    find: (asked) => {
      const { digest, path } = nameOf(asked);
      const loaded = read(path, digest);
      return loaded !== undefined && holds(loaded) ? loaded : undefined;
    },
    keep: (asked, loaded) => {
      const { digest, path } = nameOf(asked);
      const text = `${digest}\n${encode(loaded)}`;
      const temporary = temporaryBeside(path);
      try {
        withFolder(temporary, () => writeFileSync(temporary, `${digestBytes(text)}\n${text}`));
        // Not synced: a plan that the disk lost has the wrong digest.
        renameSync(temporary, path);
        prune(folder);
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
      }
    },
  };
}

function read(path: string, digest: Digest): Loaded | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const body = text.slice(HEAD);
  if (text.slice(0, HEAD) !== `${digestBytes(body)}\n`) return undefined;
  const end = body.indexOf('\n');
  // A plan under another's name answers another question.
  if (body.slice(0, end) !== digest) return undefined;
  try {
    return decode(body.slice(end + 1));
  } catch {
    return undefined;
  }
}

function holds({ files, looks }: Loaded): boolean {
  try {
    return files.every(isSame) && stillThere(looks);
  } catch {
    return false;
  }
}

/** By its times where they can tell, else by its bytes: a file that was only touched says what it said. */
function isSame({ path, identity, digest, racy }: Guard): boolean {
  const stat = statSync(path, { bigint: true });
  return (!racy && identityOf(stat) === identity) || digestFile(path) === digest;
}

function prune(folder: string): void {
  const plans = readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    return { path, size: stat?.size ?? 0, at: stat?.mtimeMs ?? 0 };
  });
  let bytes = 0;
  for (const [i, { path, size }] of plans.sort((a, b) => b.at - a.at).entries()) {
    bytes += size;
    if (i >= MOST || (i > 0 && bytes > MOST_BYTES)) removeQuietly(path);
  }
}
