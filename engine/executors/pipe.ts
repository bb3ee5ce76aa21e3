/** @file What came out of a process's pipe and was not taken yet, by offset. */
import type { Readable } from 'node:stream';

export interface Pipe {
  /** The bytes from there on; what is before them is not needed any more. */
  after(offset: number): Uint8Array;
}

const NOTHING = new Uint8Array();

export function pipeOf(stream: Readable | null, changed: () => void): Pipe {
  let chunks: Buffer[] = [];
  /** Where the first of them begins. */
  let start = 0;
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    changed();
  });
  return {
    after: (offset) => {
      while (chunks[0] !== undefined && start + chunks[0].length <= offset) {
        start += chunks[0].length;
        chunks.shift();
      }
      if (chunks.length > 1) chunks = [Buffer.concat(chunks)];
      return chunks[0]?.subarray(offset - start) ?? NOTHING;
    },
  };
}
