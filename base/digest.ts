/** @file SHA-256 digests, written with their algorithm: `sha256:<64 hex>`. */
import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { canonicalJson } from './canonical.ts';
import type { Digest, Key } from './ids.ts';
import type { Json } from './json.ts';

/** Fits the cache of a core, where bytes are read into and hashed from. */
const CHUNK = 1 << 18;

/** Digest of a value. The tag names the kind of record, so that two kinds never share a pre-image. */
export function digestOf(tag: string, value: Json): Digest {
  return digestBytes(`${tag}\n${canonicalJson(value)}`);
}

export function digestBytes(bytes: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', bytes, 'hex')}` as Digest;
}

/** Digest of a file's bytes, read in pieces: memory stays bounded whatever the size. Throws the system's error. */
export function digestFile(path: string): Digest {
  const file = openSync(path, 'r');
  try {
    const state = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
      state.update(buffer.subarray(0, size));
    }
    return `sha256:${state.digest('hex')}` as Digest;
  } finally {
    closeSync(file);
  }
}

/** As `digestFile`, giving other work its turn between pieces: for outputs hashed while stages run. */
export async function digestFileInTurns(path: string): Promise<Digest> {
  const file = await open(path, 'r');
  try {
    const state = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK);
      if (bytesRead === 0) break;
      state.update(buffer.subarray(0, bytesRead));
    }
    return `sha256:${state.digest('hex')}` as Digest;
  } finally {
    await file.close();
  }
}

/** The 64 hex digits of a digest or key, for file names. */
export function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Whether a text from outside may be taken for a key: it becomes a file name. */
export function isKey(text: string): text is Key {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}
