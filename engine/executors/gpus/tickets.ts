/** @file Who is next: first come, first served, where a small request may pass a large one for a while. Pure. */

export interface Ticket {
  /** Monotone over all engines of the machine. */
  readonly number: number;
  readonly count: number;
  /** UUIDs that would do, the best first, without those that strangers use. */
  readonly eligible: readonly string[];
  /** Milliseconds of the machine's clock since its boot. */
  readonly since: number;
  /** False while it could not start if it had its GPUs: it keeps its place, and nobody waits for it. */
  readonly ready: boolean;
}

/**
 * The GPUs that each ticket is to have, by its number. Who has to wait is passed by those who fit, until it has waited for
 * `patience`; from then on what it could use is kept for it. So each in turn becomes the oldest, and what it needs can then
 * only become more. A request that could not be met by all that it may use (strangers have the rest) keeps nothing.
 */
export function grantsOf(
  tickets: readonly Ticket[],
  free: Iterable<string>,
  now: number,
  patience: number,
): Map<number, readonly string[]> {
  const left = new Set(free);
  const grants = new Map<number, readonly string[]>();
  const line = tickets.filter(({ ready }) => ready).sort((a, b) => a.number - b.number);
  for (const { number, count, eligible, since } of line) {
    const usable = eligible.filter((uuid) => left.has(uuid));
    const met = usable.length >= count;
    const taken = met ? usable.slice(0, count) : usable;
    const kept = met || (now - since >= patience && eligible.length >= count);
    if (met) grants.set(number, taken);
    if (kept) for (const uuid of taken) left.delete(uuid);
  }
  return grants;
}
