/** @file The line of those who wait, as the engines of a machine share it. */
import { isAlive, type Owner, ownerIn } from '../../../cache/owner.ts';
import type { Ticket } from './tickets.ts';

/** A ticket, and whose it is. */
export interface Place extends Ticket {
  readonly owner: Owner;
  /** Told apart within its engine. */
  readonly id: string;
  /** When its engine last confirmed it; milliseconds of the machine's clock. */
  readonly seen: number;
}

export interface Line {
  /** Of the next ticket. */
  readonly next: number;
  readonly places: readonly Place[];
}

/** Milliseconds after which a place that nobody confirmed is free: its engine is stopped, or dead in another container. */
const STALE = 15_000;
const MOST = 10_000;

/** Milliseconds since the machine's boot: the same for all its processes, and it never jumps. */
export function machineClock(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** What cannot be read is nobody's place: each engine adds its own again. */
export function parseLine(text: string): Line {
  const value = parse(text);
  const next = isCount(value?.['next']) ? value['next'] : 1;
  const listed = Array.isArray(value?.['places']) ? value['places'].slice(0, MOST) : [];
  return { next, places: listed.flatMap(placeIn) };
}

/** Those whose engine lives and has confirmed them. */
export function livingPlaces(places: readonly Place[], now: number): Place[] {
  return places.filter(({ owner, seen }) => Math.abs(now - seen) < STALE && isAlive(owner) !== false);
}

function placeIn(value: unknown): Place[] {
  if (!isFields(value)) return [];
  const { number, count, eligible, since, ready, id, seen } = value;
  const owner = ownerIn(JSON.stringify(value['owner'] ?? null));
  const sound =
    isCount(number) &&
    isCount(count) &&
    Array.isArray(eligible) &&
    eligible.every((uuid) => typeof uuid === 'string') &&
    typeof since === 'number' &&
    typeof seen === 'number' &&
    typeof ready === 'boolean' &&
    typeof id === 'string';
  return sound && owner !== undefined ? [{ number, count, eligible, since, ready, id, seen, owner }] : [];
}

interface Fields {
  readonly [name: string]: unknown;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
