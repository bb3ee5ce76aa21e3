/** @file Greedy decoding and sampling: every sequence goes its own way with its own random stream. */
import type { Generation } from '../api.ts';
import { draw, likeliest } from './choose.ts';
import type { Next, Search, SearchContext, Step } from './search.ts';

type Finish = Generation['finish'];

interface Sequence {
  readonly index: number;
  readonly ids: number[];
  readonly logprobs: number[];
}

export function drawSearcher(context: SearchContext): Search {
  const { options, eos, ending, maxNewTokens } = context;
  const streams = Array.from({ length: options.n }, (_, index) => context.random(index));
  const generations: Generation[] = [];
  let live: Sequence[] = streams.map((_, index) => ({ index, ids: [], logprobs: [] }));

  function choose(sequence: Sequence, place: number, next: Next): number {
    const barred = sequence.ids.length < options.minNewTokens ? eos : -1;
    if (options.strategy === 'greedy') return likeliest(next.logprobs(place), barred);
    const u = streams[sequence.index]?.next() ?? 0;
    return draw(next.weights(place), u, options, barred);
  }

  function ended(sequence: Sequence, token: number): Finish | null {
    if (token === eos) return 'eos';
    if (ending.stopped(sequence.ids)) return 'stop';
    return sequence.ids.length >= maxNewTokens ? 'length' : null;
  }

  function finish(sequence: Sequence, end: Finish): void {
    const cut = ending.cut(sequence.ids);
    const finish = cut.stop ? 'stop' : end;
    generations.push({
      prompt: context.prompt,
      index: sequence.index,
      ids: cut.ids,
      text: cut.text,
      logprobs: cut.stop ? sequence.logprobs.slice(0, cut.ids.length) : sequence.logprobs,
      finish,
    });
  }

  return {
    roots: live.length,
    advance(next) {
      const steps: Step[] = [];
      const going: Sequence[] = [];
      live.forEach((sequence, parent) => {
        const token = choose(sequence, parent, next);
        sequence.logprobs.push(next.logprobs(parent)[token] as number);
        if (token !== eos) sequence.ids.push(token);
        const end = ended(sequence, token);
        if (end !== null) {
          finish(sequence, end);
          return;
        }
        going.push(sequence);
        steps.push({ parent, token });
      });
      live = going;
      return steps;
    },
    width: () => live.length,
    results: () => generations.toSorted((a, b) => a.index - b.index),
  };
}
