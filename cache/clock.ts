/**
 * @file Time as the file server tells it. Hosts that share a cache compare the times of its files with each other and
 * never with a clock of their own, which may be minutes off.
 */
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';

export interface Clock {
  /** Milliseconds, by whatever clock stamps the files of the cache. */
  now(): number;
  /** Milliseconds that only this process knows, and that never jump. */
  steady(): number;
}

/** Writes the first byte of a file again: the server, not this host, says when that was. */
export function beat(path: string): void {
  const file = openSync(path, 'r+');
  try {
    const byte = Buffer.allocUnsafe(1);
    if (readSync(file, byte, 0, 1, 0) === 1) writeSync(file, byte, 0, 1, 0);
  } finally {
    closeSync(file);
  }
}

/** Reads the server's clock by writing to a file that this process owns. */
export function serverClock(own: string): Clock {
  return {
    now: () => {
      beat(own);
      return statSync(own).mtimeMs;
    },
    steady: () => performance.now(),
  };
}
