/** @file Choosing a token from a distribution: the likeliest, or drawn after top-k and top-p. Linear in the vocabulary; nothing is sorted whole. */

/** The likeliest token but `barred`; the lowest id among equals. */
export function likeliest(weights: Float32Array, barred: number): number {
  let best = -1;
  let most = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < weights.length; id++) {
    if ((weights[id] as number) > most && id !== barred) {
      most = weights[id] as number;
      best = id;
    }
  }
  if (best === -1) throw new RangeError('The model gives no token a probability: its weights are not finite');
  return best;
}

export interface Filter {
  /** Keep the k likeliest tokens; 0 is off. */
  readonly topK: number;
  /** Then keep the likeliest up to this share of what is left, the token that reaches it included; 1 is off. */
  readonly topP: number;
}

/**
 * The token at `u` (in [0, 1)) of the kept tokens' probability, laid out in order of ids. `weights` need not sum to 1.
 * Equal tokens at a limit: the lower id is kept. `barred` is never drawn; -1 bars nothing.
 */
export function draw(weights: Float32Array, u: number, filter: Filter, barred: number): number {
  const kept = filter.topK > 0 || filter.topP < 1 ? nucleus(weights, filter, barred) : everything;
  let total = 0;
  for (let id = 0; id < weights.length; id++) if (id !== barred && kept(id)) total += weights[id] as number;
  if (!(total > 0))
    throw new RangeError('The model gives no token a probability: its weights are not finite');
  const target = u * total;
  let sum = 0;
  let last = -1;
  for (let id = 0; id < weights.length; id++) {
    const weight = weights[id] as number;
    if (id === barred || weight === 0 || !kept(id)) continue;
    sum += weight;
    last = id;
    if (sum > target) return id;
  }
  // Rounding may leave the last sum at the target.
  return last;
}

const everything = (): boolean => true;

// A weight's upper 13 bits (sign, exponent, 4 bits of mantissa) grow with it: 2048 buckets for weights up to 1 and above.
const SHIFT = 19;
const BUCKETS = 2048;
const mass = new Float64Array(BUCKETS);
const count = new Int32Array(BUCKETS);

/** Which ids survive: all of the buckets above the one where the limit falls, and the best of that one. */
function nucleus(weights: Float32Array, { topK, topP }: Filter, barred: number): (id: number) => boolean {
  const bits = new Uint32Array(weights.buffer, weights.byteOffset, weights.length);
  const bucketOf = (id: number): number => (bits[id] as number) >>> SHIFT;
  mass.fill(0);
  count.fill(0);
  let total = 0;
  for (let id = 0; id < weights.length; id++) {
    if (id === barred) continue;
    const bucket = bucketOf(id);
    mass[bucket] = (mass[bucket] as number) + (weights[id] as number);
    count[bucket] = (count[bucket] as number) + 1;
    total += weights[id] as number;
  }
  const members = (bucket: number): number[] => {
    const ids: number[] = [];
    for (let id = 0; id < weights.length; id++) if (id !== barred && bucketOf(id) === bucket) ids.push(id);
    return ids.sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b);
  };

  let edge = 0;
  let best: number[] | undefined;
  if (topK > 0 && topK < weights.length) {
    let above = 0;
    let massAbove = 0;
    edge = BUCKETS - 1;
    while (edge > 0 && above + (count[edge] as number) < topK) {
      above += count[edge] as number;
      massAbove += mass[edge--] as number;
    }
    best = members(edge).slice(0, topK - above);
    total = best.reduce((sum, id) => sum + (weights[id] as number), massAbove);
  }
  if (topP < 1) {
    const target = topP * total;
    let bucket = BUCKETS - 1;
    let massAbove = 0;
    while (bucket > edge && massAbove + (mass[bucket] as number) < target)
      massAbove += mass[bucket--] as number;
    const ids = bucket === edge && best !== undefined ? best : members(bucket);
    const need = ids.findIndex((id) => {
      massAbove += weights[id] as number;
      return massAbove >= target;
    });
    best = need === -1 ? ids : ids.slice(0, need + 1);
    edge = bucket;
  }
  const chosen = new Set(best);
  return (id) => {
    const bucket = bucketOf(id);
    return bucket > edge || (bucket === edge && (best === undefined || chosen.has(id)));
  };
}
