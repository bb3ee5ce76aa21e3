/** @file Which files of a package run on which machine: packages bring theirs for all, under names that tell. */
import type { Machine } from './requests.ts';

const NATIVE = /\.(node|dll|dylib|lib|so(\.\d+)*)$/;
const PLATFORMS = ['linux', 'darwin', 'win32', 'android', 'freebsd', 'aix', 'sunos'];
const ARCHES = ['x64', 'arm64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64'];
const LIBCS: { readonly [word: string]: Machine['libc'] } = {
  gnu: 'glibc',
  glibc: 'glibc',
  gnueabihf: 'glibc',
  musl: 'musl',
};

export type Fit =
  /** Any machine, or this one by its name. */
  | 'any'
  | 'named'
  | 'other'
  /** Native, and nothing says for which machine: for the one where it was installed. */
  | 'here';

/** `path`: of a file in its package. */
export function fitOf(path: string, machine: Machine): Fit {
  if (!NATIVE.test(path)) return 'any';
  const words = path.toLowerCase().split(/[/._-]+/);
  const platforms = words.filter((word) => PLATFORMS.includes(word));
  const arches = words.filter((word) => ARCHES.includes(word));
  if (platforms.length === 0 && arches.length === 0) return 'here';
  const isOther =
    (platforms.length > 0 && !platforms.includes(machine.platform)) ||
    (arches.length > 0 && !arches.includes(machine.arch));
  if (isOther) return 'other';
  // Where nothing is said of the C library, it is the one of most.
  const libcs = words.flatMap((word) => LIBCS[word] ?? []);
  const fits =
    machine.libc === 'none' || (libcs.length === 0 ? machine.libc === 'glibc' : libcs.includes(machine.libc));
  return fits ? 'named' : 'other';
}
