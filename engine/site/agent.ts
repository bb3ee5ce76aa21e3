/**
 * @file Entry of the agent, which runs on another machine: requests come on stdin, answers go to stdout. It ends when its
 * stdin does, or when nothing came for a while; what it started goes on.
 */
import { Socket } from 'node:net';
import type { Json } from '../../base/json.ts';
import { errnoOf } from '../../cache/publish.ts';
import { HANDLERS } from './agent/handlers.ts';
import type { Host } from './agent/handling.ts';
import { isFault } from './agent/refusal.ts';
import { settled } from './agent/unfinished.ts';
import { askedIn } from './envelope.ts';
import { encodeFrame, type Frame, frameReader } from './frame.ts';
import { type Op, SHAPES } from './requests.ts';

/** Milliseconds: some signs of life that did not come. */
const SILENCE = 300_000;

const host: Host = { root: process.argv[2] as string };
// Not `process.stdout`: a pipe that nobody reads must not keep the agent from answering what it can.
const out = new Socket({ fd: 1, readable: false, writable: true });
let writing: Promise<void> = Promise.resolve();
let silence = setTimeout(leave, SILENCE);

function leave(): void {
  void settled().then(() => process.exit(0));
}

async function handle(frame: Frame): Promise<void> {
  const asked = askedIn(frame);
  if (asked === undefined) return;
  const { id, op, ask } = asked;
  try {
    const [answer, bytes] = await answerTo(op, ask, frame.bytes);
    const made = encodeFrame({ id, answer }, bytes);
    send(made.catch((error: unknown) => encodeFrame({ id, ...faultOf(error) })));
  } catch (error) {
    send(encodeFrame({ id, ...faultOf(error) }));
  }
}

async function answerTo(op: string, ask: unknown, bytes: Buffer): Promise<[Json, Uint8Array | undefined]> {
  if (!Object.hasOwn(SHAPES, op)) throw new Error(`there is no request ${op}`);
  const shape = SHAPES[op as Op].ask as (value: unknown) => never | undefined;
  const taken = shape(ask);
  if (taken === undefined) throw new Error(`the request ${op} is not as it should be`);
  const { bytes: more, ...answer } = await (HANDLERS[op as Op] as (typeof HANDLERS)['ping'])(
    taken,
    bytes,
    host,
  );
  return [answer as Json, more];
}

function faultOf(error: unknown): { readonly [name: string]: Json } {
  if (isFault(error)) return { fault: error.fault as unknown as Json };
  const { message } = error as Error;
  const errno = errnoOf(error);
  if (errno !== undefined) return { errno, message };
  const text = `Internal error on the other machine: ${message}`;
  return {
    fault: { code: 'remote-bug', message: text, output: (error as Error).stack ?? '', passing: false },
  };
}

/** Frames are packed side by side, and written one after the other. */
function send(frame: Promise<Buffer>): void {
  writing = writing.then(async () => {
    const bytes = await frame;
    if (!out.write(bytes)) await new Promise<void>((resolve) => out.once('drain', () => resolve()));
  });
}

const reader = frameReader((frame) => void handle(frame));
out.on('error', leave);
process.stdin.on('data', (chunk: Buffer) => {
  clearTimeout(silence);
  silence = setTimeout(leave, SILENCE);
  reader.push(chunk);
});
process.stdin.on('end', leave);
process.stdin.on('error', leave);
for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.on(signal, leave);
