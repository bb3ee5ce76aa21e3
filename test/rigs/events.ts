/** Events of an invented run, on a clock that the test turns: `at` is in seconds after the start. */
import type { Digest, Key, RunId, StageId } from '../../base/ids.ts';
import type { Action, Because, Emit, Event, EventOf, PlanLabel, StageFailure } from '../../engine/event.ts';

const START = Date.UTC(2026, 10, 22, 10, 15, 0);
export const KEY: Key = `sha256:${'a'.repeat(64)}` as Key;
export const DIGEST: Digest = `sha256:${'b'.repeat(64)}` as Digest;

export function atSeconds(seconds: number): number {
  return START + Math.round(seconds * 1000);
}

interface DoneOptions {
  readonly because?: readonly Because[];
  readonly failure?: StageFailure;
  readonly reason?: string;
  readonly from?: string;
  readonly queued?: number;
}

/** Short ways to write a run down. */
export class Story {
  readonly #emit: Emit;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  say(event: Event): void {
    this.#emit(event);
  }

  begin(labels: { readonly [stage: string]: PlanLabel }, kind = 'command'): void {
    this.#emit({
      type: 'run-started',
      at: atSeconds(0),
      run: '20261122T101500-1a2b' as RunId,
      pipeline: 'demo',
      file: '/project/pipelines/demo.yaml',
      targets: [],
      stages: Object.entries(labels).map(([id, label]) => ({ id: id as StageId, kind, label })),
      overrides: {},
    });
  }

  start(at: number, stage: string, because: readonly Because[] = [{ kind: 'new' }]): void {
    this.#emit({
      type: 'stage-started',
      at: atSeconds(at),
      stage: stage as StageId,
      key: KEY,
      attempt: 1,
      because,
    });
  }

  placed(
    at: number,
    stage: string,
    state: 'queued' | 'running',
    more: Partial<EventOf<'stage-placed'>> = {},
  ): void {
    this.#emit({
      type: 'stage-placed',
      at: atSeconds(at),
      stage: stage as StageId,
      profile: 'slurm',
      state,
      ...more,
    });
  }

  progress(
    at: number,
    stage: string,
    step: number,
    total: number,
    metrics: EventOf<'stage-progress'>['metrics'] = {},
  ): void {
    this.#emit({
      type: 'stage-progress',
      at: atSeconds(at),
      stage: stage as StageId,
      step,
      total,
      unit: 'steps',
      metrics,
    });
  }

  metric(at: number, stage: string, name: string, value: number, step: number): void {
    this.#emit({ type: 'stage-metric', at: atSeconds(at), stage: stage as StageId, name, value, step });
  }

  print(at: number, stage: string, text: string): void {
    this.#emit({ type: 'stage-output', at: atSeconds(at), stage: stage as StageId, stream: 'stdout', text });
  }

  end(at: number, stage: string, action: Action, seconds: number, options: DoneOptions = {}): void {
    const { because = [], from, ...rest } = options;
    this.#emit({
      type: 'stage-done',
      at: atSeconds(at),
      stage: stage as StageId,
      action,
      key: KEY,
      seconds,
      because,
      outputs: {},
      ...(from === undefined ? {} : { from: from as RunId }),
      ...rest,
    });
  }

  finish(at: number, outcome: EventOf<'run-done'>['outcome'] = 'done'): void {
    this.#emit({ type: 'run-done', at: atSeconds(at), outcome, seconds: at });
  }
}
