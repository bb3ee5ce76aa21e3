/** @file A remote that is a folder: a disk, a share. Its layout is a cache's own. */
import { createReadStream } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { err, ok } from '../../base/result.ts';
import { errnoOf, temporaryBeside } from '../publish.ts';
import { BrokenOff, type Remote, type RemoteFault, type Remotely } from './remote.ts';

/** The folder must be there: a share that is not mounted is not an empty one. */
export function folderRemote(root: string): Remote {
  const absolute = (path: string): string => join(root, path);

  async function sizeOf(path: string): Remotely<number | undefined> {
    try {
      // A link in a remote may point anywhere: only files of its own count.
      const found = await lstat(absolute(path));
      return ok(found.isFile() ? found.size : undefined);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') return err(faultOf(error, 'remote-unreachable'));
      return (await isThere(root)) ? ok(undefined) : err(notThere(root));
    }
  }

  /** Whole or not at all, and never over what is there unless that is asked for. */
  async function put(path: string, replace: boolean, make: (to: string) => Promise<void>): Remotely<boolean> {
    if (!(await isThere(root))) return err(notThere(root));
    const to = absolute(path);
    const temporary = temporaryBeside(to);
    try {
      await mkdir(dirname(to), { recursive: true });
      await make(temporary);
      const file = await open(temporary, 'r');
      await file.sync().finally(() => file.close());
      if (replace) await rename(temporary, to);
      else await link(temporary, to).catch((error) => renameWithoutLinks(error, temporary, to));
      return ok(true);
    } catch (error) {
      return errnoOf(error) === 'EEXIST' ? ok(false) : err(faultOf(error, 'remote-write'));
    } finally {
      await rm(temporary, { force: true });
    }
  }

  return {
    shown: root,
    size: sizeOf,
    open: async (path, from) => {
      const size = await sizeOf(path);
      if (!size.ok || size.value === undefined) return size.ok ? ok(undefined) : size;
      return ok({ size: size.value, from, chunks: readFrom(absolute(path), from) });
    },
    putText: (path, text, replace) =>
      put(path, replace, async (to) => {
        const file = await open(to, 'wx', 0o644);
        await file.writeFile(text).finally(() => file.close());
      }),
    putFile: (path, file, sent) =>
      put(path, true, async (to) => {
        await copyFile(file, to);
        sent((await stat(to)).size);
      }),
  };
}

async function* readFrom(path: string, from: number): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { start: from });
  } catch (error) {
    throw new BrokenOff((error as Error).message);
  }
}

async function renameWithoutLinks(error: unknown, from: string, to: string): Promise<void> {
  if (errnoOf(error) === 'EEXIST') throw error;
  await rename(from, to);
}

async function isThere(root: string): Promise<boolean> {
  return stat(root).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function notThere(root: string): RemoteFault {
  const hint = 'mount or make it';
  return { code: 'remote-unreachable', message: `The remote folder ${root} is not there.`, hint };
}

function faultOf(error: unknown, code: RemoteFault['code']): RemoteFault {
  if (errnoOf(error) === undefined) throw error;
  return { code, message: `The remote folder failed: ${(error as Error).message}.` };
}
