/** @file What a stage prints and says, as events and as its log. */
import { appendFileSync } from 'node:fs';
import { errnoOf } from '../../cache/publish.ts';
import type { Failure } from '../../stages/protocol/failure.ts';
import type { StageMessage } from '../../stages/protocol/task.ts';
import { lineSplitter, parseMessage } from '../executors/messages.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { RunContext } from './context.ts';
import { saysOutOfMemory } from './out-of-memory.ts';
import { type Redactor, secretsOf } from './secrets.ts';

export interface Heard {
  readonly redact: Redactor;
  output(stream: 'stdout' | 'stderr', chunk: string): void;
  events(chunk: string): void;
  /** A remark of the engine's. */
  note(line: string): void;
  end(): void;
  failure(): Failure | undefined;
  outOfMemory(): boolean;
  logged(): boolean;
  readonly notes: readonly string[];
  readonly reports: readonly string[];
}

/** Turns what a stage prints and says into events, and keeps what it printed in its log. */
export function listenTo(
  context: Pick<RunContext, 'index' | 'emit'>,
  { id: stage }: Stage,
  log: string,
): Heard {
  const { emit } = context;
  const redact = secretsOf(context.index.graph, process.env);
  let failure: Failure | undefined;
  let strays = 0;
  let logged = false;
  const notes: string[] = [];
  const reports: string[] = [];
  let outOfMemory = false;
  const text = (stream: 'stdout' | 'stderr') =>
    lineSplitter((line) => {
      outOfMemory ||= saysOutOfMemory(line);
      emit({ type: 'stage-output', at: Date.now(), stage, stream, text: line });
    });
  const lines = { stdout: text('stdout'), stderr: text('stderr') };
  /** What the disk does not take is shown all the same. */
  const keep = (chunk: string): void => {
    try {
      appendFileSync(log, chunk);
      logged = true;
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  };
  const clean = (stream: 'stdout' | 'stderr') =>
    redact.stream((chunk) => {
      keep(chunk);
      lines[stream].push(chunk);
    });
  const streams = { stdout: clean('stdout'), stderr: clean('stderr') };

  const note = (line: string): void => {
    notes.push(line);
    emit({ type: 'stage-note', at: Date.now(), stage, text: line });
  };

  function take(message: StageMessage): void {
    const at = Date.now();
    switch (message.type) {
      case 'progress': {
        const { step, total, unit = 'steps', metrics = {} } = message;
        emit({ type: 'stage-progress', at, stage, step, total, unit, metrics });
        break;
      }
      case 'metric':
        emit({
          type: 'stage-metric',
          at,
          stage,
          name: message.name,
          value: message.value,
          step: message.step,
        });
        break;
      case 'note':
        note(message.text);
        break;
      case 'report':
        reports.push(message.markdown);
        emit({ type: 'stage-report', at, stage, markdown: message.markdown });
        break;
      case 'failure':
        failure ??= message.failure;
        break;
    }
  }

  const events = lineSplitter((line) => {
    const message = parseMessage(line);
    if (message === undefined) strays += 1;
    else if (message !== 'unknown') take({ ...redact.value(message), type: message.type } as StageMessage);
  });

  return {
    redact,
    output: (stream: 'stdout' | 'stderr', chunk: string): void => streams[stream].push(chunk),
    events: events.push,
    note,
    end: (): void => {
      streams.stdout.end();
      streams.stderr.end();
      lines.stdout.end();
      lines.stderr.end();
      events.end();
      if (strays > 0) note(`${strays} lines on the events descriptor were no messages and were left out`);
    },
    failure: () => failure,
    outOfMemory: () => outOfMemory,
    logged: () => logged,
    notes,
    reports,
  };
}
