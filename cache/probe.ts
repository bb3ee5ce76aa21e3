/** @file What the file systems of a cache and of a project can do together, found out by trying. */
import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export interface Probe {
  /** How stages get their inputs. */
  readonly stages: 'hard link' | 'reflink' | 'copy';
  /** How people get their results: bytes of their own, at once where the file system shares them. */
  readonly people: 'reflink' | 'copy';
  /** Locks are links; without links they are files, whole only after a moment. */
  readonly locks: 'links' | 'files';
  readonly type: string;
  /** Bytes that are free for this user. */
  readonly free: number;
}

/** Throws the system's error where nothing can be written. */
export function probe(cache: string, home: string): Probe {
  const folders = [cache, home].map((path) => mkdtempSync(join(nearest(path), '.warren-doctor-')));
  const [inCache, atHome] = folders as [string, string];
  try {
    const object = join(inCache, 'object');
    writeFileSync(object, 'x');
    const works = (action: () => void): boolean => {
      try {
        action();
        return true;
      } catch {
        return false;
      }
    };
    const linked = works(() => linkSync(object, join(atHome, 'link')));
    const shared = works(() =>
      copyFileSync(object, join(atHome, 'reflink'), constants.COPYFILE_FICLONE_FORCE),
    );
    const locked = works(() => linkSync(object, join(inCache, 'lock')));
    const { type, bavail, bsize } = statfsSync(inCache);
    return {
      stages: linked ? 'hard link' : shared ? 'reflink' : 'copy',
      people: shared ? 'reflink' : 'copy',
      locks: locked ? 'links' : 'files',
      type: TYPES.get(type) ?? `0x${type.toString(16)}`,
      free: bavail * bsize,
    };
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** Magic numbers of statfs(2) on Linux. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x5846_5342, 'xfs'],
  [0x9123_683e, 'btrfs'],
  [0x2fc1_2fc1, 'zfs'],
  [0x0102_1994, 'tmpfs'],
  [0x794c_7630, 'overlayfs'],
  [0x6969, 'nfs'],
  [0xff53_4d42, 'cifs'],
  [0xfe53_4d42, 'smb2'],
  [0x6573_5546, 'fuse'],
  [0x0102_1997, '9p'],
  [0x4d44, 'vfat'],
  [0x2011_bab0, 'exfat'],
  [0x0bd0_0bd0, 'lustre'],
  [0x4750_4653, 'gpfs'],
  [0x00c3_6400, 'ceph'],
  [0x1983_0326, 'beegfs'],
]);

/** The folder itself, or the nearest one above that is there. */
function nearest(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}
