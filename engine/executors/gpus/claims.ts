/** @file One engine's part in a look: which of its claims are served, and what is left of the line. */
import type { Owner } from '../../../cache/owner.ts';
import type { Detected, Gpu, Usage } from './gpu.ts';
import type { Lease, Look } from './lease.ts';
import { livingPlaces, type Place } from './line.ts';
import { hasRoom, strangersOn } from './strangers.ts';
import { grantsOf } from './tickets.ts';
import type { Leasable } from './visible.ts';
import { eligibleGpus, type Wanted } from './wanted.ts';
import { whyNot } from './why.ts';

/** One stage that wants GPUs. None of this is called while a call of it lasts. */
export interface Claimant {
  readonly wanted: Wanted;
  /** Said to others: the stage's name. */
  readonly label: string;
  /** Whether it has all else that it needs, now. */
  ready(): boolean;
  /** Called when it was just said to be ready: it begins, and gives the lease back when it has ended. */
  start(lease: Lease): void;
  /** There are GPUs for it, and it is not ready. It is asked again in the next look. */
  offered(): void;
  /** There are none for it; each time with the reason as it is then. */
  waits(why: string): void;
}

export interface Claim {
  readonly claimant: Claimant;
  /** Unlike that of any other, of any engine. */
  readonly id: string;
  readonly since: number;
  number: number | undefined;
}

/** An engine, in the eyes of the others. */
export interface Party {
  /** What the ids of its claims begin with. */
  readonly id: string;
  readonly owner: Owner;
  readonly folder: string;
  /** Milliseconds that a large request is passed by smaller ones. */
  readonly patience: number;
}

export interface Known {
  readonly detected: Detected;
  readonly leasable: Leasable;
  /** Undefined while it is not known, or could not be asked. */
  readonly usage: Usage | undefined;
}

/** Serves what can be served, and rewrites the line. `stale`: other programs have to be asked about before a lease is given. */
export function serveClaims(
  claims: Set<Claim>,
  known: Known,
  look: Look,
  { id, owner, folder, patience }: Party,
  stale: boolean,
): 'served' | 'ask' {
  const { now, free } = look;
  const { gpus } = known.leasable;
  const others = livingPlaces(look.line.places, now).filter((each) => !each.id.startsWith(id));
  const mine = [...claims];
  // The line may have been lost with its file: numbers that were given count on.
  const given = [...others, ...mine].map(({ number }) => number ?? 0);
  let next = Math.max(look.line.next, ...given.map((number) => number + 1));
  for (const claim of mine) claim.number ??= next++;
  const strangers = strangersIn(known, look, folder);
  const places = (taken: ReadonlyMap<string, string>): Place[] =>
    [...claims].flatMap((claim) => placeOf(claim, gpus, taken, known.usage, owner, now));
  if (stale) {
    const hoped = grantsOf([...others, ...places(new Map())], free, now, patience);
    if (mine.some(({ number }) => hoped.has(number as number))) return 'ask';
  }
  const line = [...others, ...places(strangers)];
  const at = [...free];
  const grants = grantsOf(line, at, now, patience);
  const left = line.filter((each) => !grants.has(each.number));
  for (const claim of mine.sort((a, b) => (a.number as number) - (b.number as number))) {
    // A start may have taken others out of the line.
    if (!claims.has(claim)) continue;
    const { claimant } = claim;
    const number = claim.number as number;
    const grant = grants.get(number);
    if (grant !== undefined && claimant.ready()) {
      claims.delete(claim);
      claimant.start(look.take(inOrder(grant, gpus), claimant.label));
      continue;
    }
    const ifReady = line.map((each) => (each.number === number ? { ...each, ready: true } : each));
    if (grant !== undefined || grantsOf(ifReady, at, now, patience).has(number)) claimant.offered();
    else claimant.waits(whyNot(claimant.wanted, number, gpus, look, strangers, left));
  }
  look.write({ next, places: [...others, ...places(strangers)] });
  return 'served';
}

/** Why such a request would have to wait now; undefined when it would not. */
export function whyLater(wanted: Wanted, known: Known, look: Look, party: Party): string | undefined {
  const { gpus } = known.leasable;
  const strangers = strangersIn(known, look, party.folder);
  const line = livingPlaces(look.line.places, look.now);
  const number = Math.max(look.line.next, ...line.map((each) => each.number + 1));
  const claim = { claimant: { wanted, ready: () => true }, id: '', since: look.now, number };
  const own = placeOf(claim, gpus, strangers, known.usage, party.owner, look.now);
  if (grantsOf([...line, ...own], look.free, look.now, party.patience).has(number)) return undefined;
  return whyNot(wanted, number, gpus, look, strangers, line);
}

/** None for a claim that came in the midst of a look: it has no number yet. */
function placeOf(
  { claimant, id, since, number }: Omit<Claim, 'claimant'> & { claimant: Pick<Claimant, 'wanted' | 'ready'> },
  gpus: readonly Gpu[],
  taken: ReadonlyMap<string, string>,
  usage: Usage | undefined,
  owner: Owner,
  now: number,
): Place[] {
  if (number === undefined) return [];
  const { wanted } = claimant;
  const eligible = eligibleGpus(wanted, gpus)
    .filter((gpu) => !taken.has(gpu.uuid) && hasRoom(gpu, wanted.gpuMemory, usage))
    .map(({ uuid }) => uuid);
  const ready = claimant.ready();
  return [{ number, count: wanted.gpus, eligible, since, ready, owner, id, seen: now }];
}

function strangersIn({ detected, usage }: Known, { free }: Look, folder: string): Map<string, string> {
  return usage === undefined ? new Map() : strangersOn(detected.gpus, free, usage, folder);
}

/** As people count, whatever was best for the choice. */
function inOrder(uuids: readonly string[], gpus: readonly Gpu[]): string[] {
  return gpus.map(({ uuid }) => uuid).filter((uuid) => uuids.includes(uuid));
}
