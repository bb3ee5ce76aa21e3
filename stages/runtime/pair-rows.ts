import type { Pair, Response } from './record-types.ts';

/** The two responses of a pair as rows, chosen first. */
export function pairRows(pair: Pair): [chosen: Response, rejected: Response] {
  const base = {
    id: pair.id,
    prompt: pair.prompt,
    index: 0,
    finish: 'given',
    tokens: 0,
    logprob: null,
  } as const;
  return [
    { ...base, response: pair.chosen, source: 'chosen', sampler: 'chosen' },
    { ...base, response: pair.rejected, source: 'rejected', sampler: 'rejected' },
  ];
}
