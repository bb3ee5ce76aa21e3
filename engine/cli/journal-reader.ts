import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Event } from '../event.ts';
import { parseEvent } from './journal-line.ts';

const CHUNK = 1 << 16;

/** Reads a journal as it grows. A line still being written is left for the next time. */
export class JournalReader {
  readonly #path: string;
  #offset = 0;
  #partial = '';
  /** A character may lie across two reads. */
  readonly #decoder: StringDecoder = new StringDecoder('utf8');

  /** Whole lines that are no events of this version; they are counted, never believed. */
  unread = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** The events that have come since the last call; none for a file that is not there yet. */
  next(): Event[] {
    const lines = (this.#partial + this.#read()).split('\n');
    this.#partial = lines.pop() ?? '';
    return lines.flatMap((line) => {
      const event = line === '' ? undefined : parseEvent(line);
      if (line !== '' && event === undefined) this.unread += 1;
      return event ?? [];
    });
  }

  #read(): string {
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch {
      return '';
    }
    try {
      const buffer = Buffer.alloc(CHUNK);
      let text = '';
      for (;;) {
        const read = readSync(file, buffer, 0, CHUNK, this.#offset);
        if (read === 0) return text;
        this.#offset += read;
        text += this.#decoder.write(buffer.subarray(0, read));
      }
    } finally {
      closeSync(file);
    }
  }
}
