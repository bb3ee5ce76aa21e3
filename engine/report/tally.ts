import type { StageId } from '../../base/ids.ts';
import type { Action, Event, EventOf } from '../event.ts';
import { dispatch, type Handlers } from './reporter.ts';
import { Tail } from './tail.ts';

const TAIL_LINES = 200;
const MOST_METRICS = 4;

export interface Running {
  readonly stage: StageId;
  /** When the attempt began, or what waited in a queue began to run. */
  startedAt: number;
  /** Set while it waits in a queue: since when. */
  queuedAt?: number | undefined;
  /** Seconds that it waited before it ran. */
  queued: number;
  /** First progress report of this attempt: a resumed stage starts above 0, and its speed counts from there. */
  first?: { readonly at: number; readonly step: number };
  latest?: EventOf<'stage-progress'>;
  /** Those that came alone. */
  readonly metrics: Map<string, number>;
}

/** What stands beside the progress: what the stage put there itself, and only without that, metrics that came alone. */
export function metricsBeside({ latest, metrics }: Running): readonly (readonly [string, number])[] {
  const own = Object.entries(latest?.metrics ?? {});
  return (own.length > 0 ? own : [...metrics]).slice(0, MOST_METRICS);
}

/** What a run looks like so far: a fold over its events, the same live and from a journal. */
export class Tally {
  started: EventOf<'run-started'> | undefined;
  ended: EventOf<'run-done'> | undefined;
  /** Nothing more is started; what runs saves its state. */
  stopping = false;
  /** Stages that a process was started for, whether it has ended or not. */
  readonly begun: Map<StageId, EventOf<'stage-started'>> = new Map();
  readonly running: Map<StageId, Running> = new Map();
  readonly held: Map<StageId, EventOf<'stage-waiting'>> = new Map();
  /** Where the latest attempt of a stage is; kept after its end. */
  readonly places: Map<StageId, EventOf<'stage-placed'>> = new Map();
  /** Between two attempts. */
  readonly retrying: Map<StageId, EventOf<'stage-retrying'>> = new Map();
  readonly done: Map<StageId, EventOf<'stage-done'>> = new Map();
  readonly notes: EventOf<'stage-note'>[] = [];
  readonly reports: EventOf<'stage-report'>[] = [];
  readonly placed: EventOf<'output-placed'>[] = [];
  readonly warnings: EventOf<'warning'>[] = [];
  /** What is on its way now. */
  transfer: EventOf<'transfer'> | undefined;
  readonly tails: Map<StageId, Tail> = new Map();

  readonly #handlers: Handlers = {
    'run-started': (event) => {
      this.started = event;
    },
    'stage-waiting': (event) => {
      this.held.set(event.stage, event);
    },
    'stage-started': (event) => {
      this.held.delete(event.stage);
      this.retrying.delete(event.stage);
      this.begun.set(event.stage, event);
      const running: Running = { stage: event.stage, startedAt: event.at, queued: 0, metrics: new Map() };
      this.running.set(event.stage, running);
      const place = this.done.has(event.stage) ? undefined : this.places.get(event.stage);
      if (place === undefined) this.places.delete(event.stage);
      else putAt(running, place);
    },
    'stage-placed': (event) => {
      this.held.delete(event.stage);
      this.places.set(event.stage, event);
      const running = this.running.get(event.stage);
      if (running !== undefined) putAt(running, event);
    },
    'stage-retrying': (event) => {
      this.running.delete(event.stage);
      this.places.delete(event.stage);
      this.retrying.set(event.stage, event);
    },
    'stage-progress': (event) => {
      const running = this.running.get(event.stage);
      if (running === undefined) return;
      running.first ??= { at: event.at, step: event.step };
      running.latest = event;
    },
    'stage-metric': (event) => {
      this.running.get(event.stage)?.metrics.set(event.name, event.value);
    },
    'stage-output': (event) => {
      const tail = this.tails.get(event.stage) ?? new Tail(TAIL_LINES);
      this.tails.set(event.stage, tail);
      tail.push(event.text);
    },
    'stage-note': (event) => {
      this.notes.push(event);
    },
    'stage-report': (event) => {
      this.reports.push(event);
    },
    'stage-done': (event) => {
      this.running.delete(event.stage);
      this.held.delete(event.stage);
      this.retrying.delete(event.stage);
      this.done.set(event.stage, event);
      if (event.action !== 'failed') this.tails.delete(event.stage);
    },
    warning: (event) => {
      this.warnings.push(event);
      if (event.diagnostic.code === 'interrupted') this.stopping = true;
    },
    transfer: (event) => {
      this.transfer = event.done ? undefined : event;
    },
    'output-placed': (event) => {
      this.placed.push(event);
    },
    'run-done': (event) => {
      this.ended = event;
    },
  };

  add(event: Event): void {
    dispatch(this.#handlers, event);
  }

  count(action: Action): number {
    let sum = 0;
    for (const event of this.done.values()) if (event.action === action) sum += 1;
    return sum;
  }

  /** Of those that run: how many are in a queue yet. */
  get queued(): number {
    let sum = 0;
    for (const { queuedAt } of this.running.values()) if (queuedAt !== undefined) sum += 1;
    return sum;
  }

  /** Stages that neither run nor have ended. */
  get waiting(): number {
    const total = this.started?.stages.length ?? 0;
    return Math.max(0, total - this.done.size - this.running.size);
  }
}

/** A stage that was in a queue runs from now on, or is in one again. */
function putAt(running: Running, { state, at, since = at }: EventOf<'stage-placed'>): void {
  const { queuedAt } = running;
  if (state === 'queued') {
    running.queuedAt ??= Math.min(since, at);
    return;
  }
  // Of one that was taken from its node and runs again, the time of its first start means nothing.
  const start = queuedAt === undefined || since >= queuedAt ? Math.min(since, at) : at;
  if (queuedAt !== undefined) running.queued += (start - queuedAt) / 1000;
  if (queuedAt !== undefined || since < running.startedAt) running.startedAt = start;
  running.queuedAt = undefined;
}

/** Seconds until the stage ends at its speed so far, or undefined before two reports tell a speed. */
export function secondsLeft(running: Running): number | undefined {
  const { first, latest } = running;
  if (first === undefined || latest === undefined) return undefined;
  const steps = latest.step - first.step;
  const seconds = (latest.at - first.at) / 1000;
  if (steps <= 0 || seconds <= 0 || latest.total < latest.step) return undefined;
  return ((latest.total - latest.step) * seconds) / steps;
}
