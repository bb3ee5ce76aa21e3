/** @file A job's output as text: bytes are asked for by offset, so that none is lost or told twice. */
import { StringDecoder } from 'node:string_decoder';
import type { Chunks, Executor, Handle, Offsets } from '../contract.ts';
import type { Sinks } from '../executor.ts';

export interface Output {
  /** What is there by now. True if there was anything. */
  fetch(handle: Handle): Promise<boolean>;
  /** After the end: all of it. False if it could not be asked for until the patience ended, in milliseconds. */
  finish(handle: Handle, patience: number): Promise<boolean>;
}

/** Answers in a row that are followed by another question at once; an executor may give little at a time. */
const ROUNDS = 16;
/** Between two questions while nobody answers, doubling. Milliseconds. */
const WAIT = 200;

export function outputOf(executor: Executor, sinks: Sinks): Output {
  const decoded = decoder(sinks);
  let last: Promise<unknown> = Promise.resolve();

  /** One question at a time: two would tell the same bytes. */
  function ask(handle: Handle): Promise<'some' | 'none' | 'unasked'> {
    const next = last.then(async () => {
      const chunks = await executor.logs(handle, { ...decoded.from });
      if (chunks === undefined) return 'unasked';
      return decoded.take(chunks) ? 'some' : 'none';
    });
    last = next;
    return next;
  }

  return {
    fetch: async (handle) => {
      let some = false;
      for (let round = 0; round < ROUNDS && (await ask(handle)) === 'some'; round++) some = true;
      return some;
    },
    finish: async (handle, patience) => {
      const deadline = performance.now() + patience;
      let wait = WAIT;
      let got = await ask(handle);
      while (got === 'some' || (got === 'unasked' && performance.now() < deadline)) {
        if (got === 'unasked') {
          await new Promise((resolve) => setTimeout(resolve, wait));
          wait *= 2;
        }
        got = await ask(handle);
      }
      decoded.end();
      return got === 'none';
    },
  };
}

/** A letter of several bytes may come in pieces. */
function decoder(sinks: Sinks): { readonly from: Offsets; take(chunks: Chunks): boolean; end(): void } {
  const from = { stdout: 0, stderr: 0, events: 0 };
  const streams = ['stdout', 'stderr', 'events'] as const;
  const decoders = {
    stdout: new StringDecoder('utf8'),
    stderr: new StringDecoder('utf8'),
    events: new StringDecoder('utf8'),
  };
  const give = (stream: keyof Offsets, text: string): void => {
    if (text === '') return;
    if (stream === 'events') sinks.events(text);
    else sinks.output(stream, text);
  };
  return {
    from,
    take: (chunks) => {
      let some = false;
      for (const stream of streams) {
        const bytes = chunks[stream];
        if (bytes.length === 0) continue;
        some = true;
        from[stream] += bytes.length;
        give(stream, decoders[stream].write(bytes as Buffer));
      }
      return some;
    },
    end: () => {
      for (const stream of streams) give(stream, decoders[stream].end());
    },
  };
}
