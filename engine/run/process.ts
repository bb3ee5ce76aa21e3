/** @file One process of a stage, from start to end: its output, its messages, its time limit, its interruption. */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { errnoOf } from '../../cache/publish.ts';
import type { Failure } from '../../stages/protocol/failure.ts';
import type { StageMessage } from '../../stages/protocol/task.ts';
import type { Launch, Running } from '../executors/executor.ts';
import { lineSplitter, parseMessage } from '../executors/messages.ts';
import { GRACE } from '../executors/supervision.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { RunContext } from './context.ts';
import { type Failed, failureOf } from './failure.ts';
import { countOomKills, saysOutOfMemory } from './out-of-memory.ts';
import { secretsOf } from './secrets.ts';
import { after } from './timer.ts';

export interface Said {
  readonly failed: Failed | undefined;
  readonly interrupted: boolean;
  readonly notes: readonly string[];
  readonly reports: readonly string[];
}

/** What a process needs to know of its surroundings. */
type Surroundings = Pick<RunContext, 'index' | 'options' | 'world' | 'executor' | 'emit'>;

export async function runProcess(
  context: Surroundings,
  stage: Stage,
  launch: Launch,
  log: string,
): Promise<Said> {
  const { options, world } = context;
  const heard = listener(context, stage, log);
  const running = await context.executor.start(launch, {
    output: heard.output,
    events: heard.events.push,
  });
  const killsBefore = countOomKills();
  const limit = stage.resources.time;
  let timedOut: number | undefined;
  const timers: (() => void)[] = [];
  const end = (): void => {
    running.terminate();
    timers.push(after(GRACE, () => running.kill()));
  };
  if (limit > 0) {
    const pass = (): void => {
      timedOut = limit;
      end();
    };
    timers.push(after(limit * 1000, pass));
  }
  const release = onAbort(options.stop, end, options.kill, running);
  const exit = await running.done;
  release();
  for (const cancel of timers) cancel();
  heard.end();
  const shown = heard.logged() ? relative(world.project.root, log) : undefined;
  // Where the kernel does not count, a kill that nobody here sent is taken for one of its own.
  const killed = killsBefore === undefined || (countOomKills() ?? 0) > killsBefore;
  const failed = failureOf({
    exit,
    said: heard.failure(),
    timedOut,
    outOfMemory: { printed: heard.outOfMemory(), killed },
    program: launch.argv[0],
    log: shown,
  });
  return {
    failed: failed && { ...failed, failure: heard.redact.value(failed.failure) },
    // A stage that ended well in spite of the signal has its result.
    interrupted: options.stop?.aborted === true && failed !== undefined,
    notes: heard.notes,
    reports: heard.reports,
  };
}

function onAbort(
  stop: AbortSignal | undefined,
  end: () => void,
  kill: AbortSignal | undefined,
  running: Running,
): () => void {
  const killNow = (): void => running.kill();
  stop?.addEventListener('abort', end);
  kill?.addEventListener('abort', killNow);
  if (stop?.aborted) end();
  if (kill?.aborted) killNow();
  return () => {
    stop?.removeEventListener('abort', end);
    kill?.removeEventListener('abort', killNow);
  };
}

/** Turns what a stage prints and says into events, and keeps what it printed in its log. */
function listener(context: Surroundings, { id: stage }: Stage, log: string) {
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
    events,
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
