/** @file The search of each strategy. */
import type { GenerateOptions, Strategy } from '../api.ts';
import { beamSearcher } from './beams.ts';
import { drawSearcher } from './draws.ts';
import type { Search, SearchContext } from './search.ts';

export const searchers: Record<Strategy, (context: SearchContext) => Search> = {
  greedy: drawSearcher,
  sample: drawSearcher,
  beam: beamSearcher,
  'diverse-beam': beamSearcher,
};

/** Sequences a prompt starts with, at most. */
export function searchWidth(options: GenerateOptions): number {
  return options.strategy === 'beam' || options.strategy === 'diverse-beam' ? options.beams : options.n;
}
