/** @file What programs can run on this machine. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Machine } from './requests.ts';

export function thisMachine(): Machine {
  return { platform: process.platform, arch: process.arch, libc: libc() };
}

/** By the loader that Node.js itself was linked with: it stands near the beginning of its file. */
function libc(): Machine['libc'] {
  if (process.platform !== 'linux') return 'none';
  const head = Buffer.alloc(8192);
  const file = openSync(process.execPath, 'r');
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  return head.includes('ld-musl') ? 'musl' : 'glibc';
}
