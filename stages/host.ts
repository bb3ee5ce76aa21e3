/**
 * @file Entry of a stage process. Reads the task file, builds the `Context`, runs the kind, and turns its end into
 * one exit code: 0 done, 1 an expected failure (sent as a message), 143 asked to end, 70 a bug.
 */
import { readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { JsonObject } from '../base/json.ts';
import type { Context, RunKind } from './protocol/context.ts';
import type { StageMessage, TaskFile } from './protocol/task.ts';
import { randomStream } from './runtime/random.ts';

const BUG = 70;
/** As shells say it: whoever sees it knows that nothing was wrong with the stage. */
const BY_SIGTERM = 143;
/** Milliseconds that an engine's end leaves, as to the engine's other stages: time to write a checkpoint. */
const GRACE = 10_000;
const EVENTS = Number(process.env['WARREN_EVENTS_FD'] ?? 3);
const interrupted = new AbortController();

process.on('SIGTERM', () => interrupted.abort());
watchEngine();
process.exitCode = await main();
// An open handle that a kind forgot must not keep its finished stage alive.
process.exit();

async function main(): Promise<number> {
  try {
    const task = JSON.parse(readFileSync(process.env['WARREN_TASK'] ?? '', 'utf8')) as TaskFile;
    const { run } = (await import(pathToFileURL(task.entry).href)) as { run: RunKind<JsonObject> };
    const result = await run(contextOf(task));
    if (result.ok) return 0;
    send({ type: 'failure', failure: result.error });
    return interrupted.signal.aborted ? BY_SIGTERM : 1;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    writeAll(2, `${text}\n`);
    const message = error instanceof Error ? error.message : String(error);
    send({
      type: 'failure',
      failure: { code: 'internal-error', message, hint: 'this is a bug in the kind' },
    });
    return BUG;
  }
}

function contextOf(task: TaskFile): Context<JsonObject> {
  const seed = task.with['seed'];
  const single = (name: string): string | undefined => {
    const value = task.in[name];
    if (typeof value === 'object') throw new Error(`Internal error: in.${name} is a list`);
    return value;
  };
  return {
    with: task.with,
    input: (name) => single(name) ?? missing(`in.${name}`),
    optional: single,
    many: (name) => {
      const value = task.in[name] ?? [];
      if (typeof value === 'string') throw new Error(`Internal error: in.${name} is a single path`);
      return value.map(([label, path]) => ({ label, path }));
    },
    output: (name) => task.out[name] ?? missing(`out.${name}`),
    state: task.state,
    checkpointSeconds: task.checkpointSeconds ?? null,
    random: (stream) => randomStream(typeof seed === 'number' ? seed : 0, task.kind, stream),
    progress: (progress) => send({ type: 'progress', ...progress }),
    metric: (name, value, step) => send({ type: 'metric', name, value, step }),
    note: (text) => send({ type: 'note', text }),
    report: (markdown) => send({ type: 'report', markdown }),
    signal: interrupted.signal,
    threads: task.threads,
  };
}

function missing(name: string): never {
  throw new Error(`Internal error: ${name} is not declared or not given`);
}

function send(message: StageMessage): void {
  writeAll(EVENTS, `${JSON.stringify(message)}\n`);
}

/** Synchronous, so that order and completeness survive an abrupt end. A full pipe is waited for, a closed one ignored. */
function writeAll(descriptor: number, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** The engine holds the other end of stdin for as long as it lives. Without it nothing is stored any more but what is kept in `state`. */
function watchEngine(): void {
  const orphaned = (): void => {
    interrupted.abort();
    setTimeout(() => process.exit(BUG), GRACE);
  };
  process.stdin.on('close', orphaned).resume();
  // Must not keep a finished stage alive.
  (process.stdin as unknown as { unref?: () => void }).unref?.();
}
