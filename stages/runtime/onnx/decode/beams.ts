/** @file Beam search and diverse beam search: the pure core of stages/objectives, fed with distributions of cached rows. */
import { advanceBeams, type BeamOptions, beamResults, startBeams } from '../../../objectives/beams.ts';
import type { Search, SearchContext } from './search.ts';

export function beamSearcher(context: SearchContext): Search {
  const { options, ending } = context;
  const diverse = options.strategy === 'diverse-beam';
  const beam: BeamOptions = {
    beams: options.beams,
    groups: diverse ? options.groups : 1,
    diversityPenalty: diverse ? options.diversityPenalty : 0,
    lengthPenalty: options.lengthPenalty,
    maxNewTokens: context.maxNewTokens,
    minNewTokens: options.minNewTokens,
    eos: context.eos,
    stopped: (tokens) => ending.stopped(tokens),
  };
  let state = startBeams(beam);
  return {
    roots: state.live.length,
    advance(next) {
      const logprobs = state.live.map((_, place) => next.logprobs(place));
      state = advanceBeams(state, logprobs, beam);
      return state.live.map(({ parent, tokens }) => ({ parent, token: tokens.at(-1) as number }));
    },
    width: () => beam.beams - state.finished.length,
    results: () =>
      beamResults(state, beam)
        .slice(0, options.n)
        .map((hypothesis, index) => {
          const cut = ending.cut(hypothesis.tokens);
          return {
            prompt: context.prompt,
            index,
            ids: cut.ids,
            text: cut.text,
            logprobs: cut.stop ? hypothesis.logprobs.slice(0, cut.ids.length) : hypothesis.logprobs,
            finish: cut.stop ? 'stop' : hypothesis.finish,
          };
        }),
  };
}
