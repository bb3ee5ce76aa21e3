/**
 * @file The core of beam search and diverse beam search (Vijayakumar et al. 2016), one step at a time, so that a batched decoder
 * and a plain function share it. Deterministic: ties go to the lowest token id, then to the earlier beam.
 */

export interface BeamOptions {
  /** Beams in all; a multiple of `groups`. */
  readonly beams: number;
  /** 1 is plain beam search. */
  readonly groups: number;
  /** A token's score falls by this for each earlier group that chose it at this step. */
  readonly diversityPenalty: number;
  /** Hypotheses are ranked by log-probability / length ** lengthPenalty; length counts EOS. */
  readonly lengthPenalty: number;
  readonly maxNewTokens: number;
  /** EOS is barred before this many tokens. */
  readonly minNewTokens: number;
  readonly eos: number;
  /** Whether a beam of these tokens has met a stop string. */
  readonly stopped?: (tokens: readonly number[]) => boolean;
}

/** A sequence still growing. */
export interface Beam {
  readonly group: number;
  /** Index in the previous state's `live` that it grew from: which cache rows to carry on. */
  readonly parent: number;
  readonly tokens: readonly number[];
  /** log P of each token; their sum is the beam's own, the diversity penalty is never part of it. */
  readonly logprobs: readonly number[];
  readonly sum: number;
}

export interface Hypothesis {
  readonly group: number;
  /** Without EOS. */
  readonly tokens: readonly number[];
  /** EOS last when `finish` is `eos`. */
  readonly logprobs: readonly number[];
  readonly sum: number;
  /** sum / length ** lengthPenalty. */
  readonly score: number;
  readonly finish: 'eos' | 'stop' | 'length';
}

export interface BeamState {
  /** In order of groups; empty when the search is over. */
  readonly live: readonly Beam[];
  readonly finished: readonly Hypothesis[];
}

interface Candidate {
  readonly parent: number;
  readonly token: number;
  readonly logprob: number;
  readonly key: number;
}

/** Before the first token every group has one empty beam. */
export function startBeams(options: BeamOptions): BeamState {
  const { beams, groups } = options;
  if (!Number.isInteger(groups) || groups < 1)
    throw new RangeError(`groups must be at least 1, got ${groups}`);
  if (!Number.isInteger(beams) || beams < 1 || beams % groups !== 0)
    throw new RangeError(`beams must be a multiple of groups, got ${beams} and ${groups}`);
  if (!(options.diversityPenalty >= 0))
    throw new RangeError(`diversityPenalty must not be negative, got ${options.diversityPenalty}`);
  const root = { tokens: [], logprobs: [], sum: 0 };
  return {
    live: Array.from({ length: groups }, (_, group) => ({ ...root, group, parent: group })),
    finished: [],
  };
}

/**
 * One step of all groups, in order. `logprobs[i]` is log P(next token) over the vocabulary for `state.live[i]`.
 * A group fills its open slots (beams / groups, less its finished hypotheses) with the best (beam, token) candidates by
 * log P(beam) + log P(token) - diversityPenalty * (earlier groups that chose the token at this step).
 * EOS or a stop string finishes a candidate, which keeps its slot.
 */
export function advanceBeams(
  state: BeamState,
  logprobs: readonly ArrayLike<number>[],
  options: BeamOptions,
): BeamState {
  if (logprobs.length !== state.live.length)
    throw new RangeError(`logprobs has ${logprobs.length} rows for ${state.live.length} live beams`);
  const width = options.beams / options.groups;
  const live: Beam[] = [];
  const finished: Hypothesis[] = [...state.finished];
  const chosenBy = new Map<number, number>();

  for (let group = 0; group < options.groups; group++) {
    const slots = width - state.finished.filter((done) => done.group === group).length;
    const chosen = best(state, logprobs, group, slots, chosenBy, options);
    for (const token of new Set(chosen.map((candidate) => candidate.token)))
      chosenBy.set(token, (chosenBy.get(token) ?? 0) + 1);
    for (const candidate of chosen) {
      const grown = grow(state, candidate, options);
      if ('finish' in grown) finished.push(grown);
      else live.push(grown);
    }
  }
  return { live, finished };
}

function best(
  state: BeamState,
  logprobs: readonly ArrayLike<number>[],
  group: number,
  slots: number,
  chosenBy: ReadonlyMap<number, number>,
  options: BeamOptions,
): Candidate[] {
  const top: Candidate[] = [];
  let floor = Number.NEGATIVE_INFINITY;
  state.live.forEach((beam, parent) => {
    if (beam.group !== group) return;
    const row = logprobs[parent] as ArrayLike<number>;
    const early = beam.tokens.length < options.minNewTokens;
    for (let token = 0; token < row.length; token++) {
      const logprob = row[token] as number;
      const sum = beam.sum + logprob;
      // The penalty only lowers a key: most tokens fall out here. NaN does not.
      if (sum < floor || logprob === Number.NEGATIVE_INFINITY || (early && token === options.eos)) continue;
      if (Number.isNaN(sum)) throw new RangeError(`logprobs[${parent}][${token}] is NaN`);
      const key = sum - options.diversityPenalty * (chosenBy.get(token) ?? 0);
      insert(top, { parent, token, logprob, key }, slots);
      if (top.length === slots) floor = (top[slots - 1] as Candidate).key;
    }
  });
  return top;
}

/** Keeps `top` sorted, best first, and no longer than `slots`. */
function insert(top: Candidate[], candidate: Candidate, slots: number): void {
  const at = top.findIndex((other) => compare(candidate, other) < 0);
  top.splice(at === -1 ? top.length : at, 0, candidate);
  if (top.length > slots) top.pop();
}

function compare(a: Candidate, b: Candidate): number {
  return b.key - a.key || a.token - b.token || a.parent - b.parent;
}

function grow(state: BeamState, candidate: Candidate, options: BeamOptions): Beam | Hypothesis {
  const parent = state.live[candidate.parent];
  if (!parent) throw new Error('Internal error: a candidate without a beam');
  const logprobs = [...parent.logprobs, candidate.logprob];
  const sum = parent.sum + candidate.logprob;
  const base = { group: parent.group, logprobs, sum };
  const score = sum / logprobs.length ** options.lengthPenalty;
  if (candidate.token === options.eos) return { ...base, tokens: parent.tokens, score, finish: 'eos' };
  const tokens = [...parent.tokens, candidate.token];
  if (options.stopped?.(tokens)) return { ...base, tokens, score, finish: 'stop' };
  if (tokens.length >= options.maxNewTokens) return { ...base, tokens, score, finish: 'length' };
  return { ...base, tokens, parent: candidate.parent };
}

/** Finished hypotheses: the best of every group in order of groups, then every group's second best, and so on. */
export function beamResults(state: BeamState, options: BeamOptions): Hypothesis[] {
  const byGroup = Array.from({ length: options.groups }, (_, group) =>
    // Array sort is stable: equal scores keep the order in which they finished.
    state.finished.filter((done) => done.group === group).toSorted((a, b) => b.score - a.score),
  );
  const width = options.beams / options.groups;
  return Array.from({ length: width }, (_, rank) => byGroup.flatMap((group) => group[rank] ?? [])).flat();
}
