/** @file Text of generated tokens, and where stop strings end it. */
import { cutAtStop } from '../../../objectives/stop.ts';
import type { Tokenizer } from '../api.ts';

export interface Ending {
  /** Text that the tokens add to what came before them. */
  text(ids: readonly number[]): string;
  /** Whether the last token completes a stop string; cheap, it looks at the last few tokens only. */
  stopped(ids: readonly number[]): boolean;
  /** Text before the first stop string and the tokens wholly in it; `stop` says whether there was one. */
  cut(ids: readonly number[]): {
    readonly ids: readonly number[];
    readonly text: string;
    readonly stop: boolean;
  };
}

export function endings(tokenizer: Tokenizer, stops: readonly string[]): Ending {
  // Some tokenizers drop the first space of a text. Behind an ordinary token a space is kept, as it was generated.
  const anchor = tokenizer.encode('a');
  const prefix = tokenizer.decode(anchor).length;
  const text = (ids: readonly number[]): string => tokenizer.decode([...anchor, ...ids]).slice(prefix);
  // A token is at least a byte, so a stop string spans at most as many tokens as it has bytes.
  const window = stops.reduce((most, stop) => Math.max(most, Buffer.byteLength(stop)), 0);
  const finals = new Set(stops.map((stop) => stop.at(-1) as string));
  const enders = new Map<number, boolean>();

  /** Whether a token holds the last character of a stop string, or a part of a character. */
  const mayEnd = (id: number): boolean => {
    let known = enders.get(id);
    if (known === undefined) {
      known = [...text([id])].some(
        (character) => character === '\uFFFD' || finals.has(character.at(-1) as string),
      );
      enders.set(id, known);
    }
    return known;
  };

  return {
    text,
    stopped(ids) {
      if (window === 0 || !mayEnd(ids.at(-1) as number)) return false;
      const tail = text(ids.slice(-window));
      return stops.some((stop) => tail.includes(stop));
    },
    cut(ids) {
      const cut = cutAtStop(text(ids), stops);
      if (cut.stop === null) return { ids, text: cut.text, stop: false };
      let keep = ids.length;
      while (keep > 0 && text(ids.slice(0, keep)).length > cut.text.length) keep--;
      return { ids: ids.slice(0, keep), text: cut.text, stop: true };
    },
  };
}
