/**
 * @file A link to another machine: requests and answers over one `ssh` process, many at a time. A cut is no failure: the
 * process is started again, and what was not answered is asked again, since every request may be.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json } from '../../base/json.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { ExecutorFault } from '../executors/contract.ts';
import { type AgentPack, agentPack, builtProgram } from './agent-pack.ts';
import {
  answerLost,
  closedFault,
  interrupted,
  unreachableYet,
  warningsOf,
  wrongAnswer,
} from './call-faults.ts';
import { type Connection, connect } from './connection.ts';
import { answerIn, type Told } from './envelope.ts';
import { diskFault } from './faults.ts';
import { encodeFrame, type Frame, MOST_BYTES } from './frame.ts';
import type { Greeting } from './greeting.ts';
import { type Answer, type Ask, type Op, SHAPES } from './requests.ts';
import type { Aliveness, HostLine } from './ssh.ts';
import { window } from './window.ts';

interface Welcome extends Greeting {
  /** What does not keep it from working: `clock-skew`. */
  readonly warnings: readonly ExecutorFault[];
}

export interface CallOptions {
  /** What goes with the request. */
  readonly bytes?: Uint8Array | undefined;
  /** Milliseconds without a connection after which the call is given up: a fault that passes. */
  readonly patience?: number | undefined;
  /** False: a request that may have arrived is not sent again when its answer got lost; that is `answer-lost`. */
  readonly repeat?: boolean | undefined;
  /** Most bytes that are expected with the answer: calls share the memory for what is on its way. */
  readonly most?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Reply<O extends Op> = Answer<O> & { readonly bytes: Buffer };

export interface Link {
  /** As the profile names it. */
  readonly host: string;
  /** Connects, if that was not done yet. */
  open(options?: Pick<CallOptions, 'patience' | 'signal'>): Promise<Result<Welcome, ExecutorFault>>;
  call<O extends Op>(op: O, ask: Ask<O>, options?: CallOptions): Promise<Result<Reply<O>, ExecutorFault>>;
  /** Ends the `ssh` process. Calls that wait fail. What was started there goes on. */
  close(): void;
}

export interface LinkOptions {
  readonly alive?: Aliveness | undefined;
  /** Folder of a built program; default: the one that runs. */
  readonly program?: string | undefined;
  /** Told once of what does not keep the host from working. */
  readonly warn?: ((fault: ExecutorFault) => void) | undefined;
}

const ALIVE: Aliveness = { connect: 10, every: 5 };
/** Milliseconds. What a call waits for a link that stood once; one that never stood is the caller's to try again. */
const PATIENCE = 120_000;
const BACK_OFF = 200;
const MOST_BACK_OFF = 5000;
/** Milliseconds. A connection that ended sooner may end as soon again. */
const SHORT = 2000;
/** Connections after which a request may be what ends them. */
const MOST_LOSSES = 3;
/** Milliseconds between two signs of life to the agent, which ends when it has heard nothing for some of them. */
const PING = 60_000;
/** Bytes on their way with requests and answers. */
const WINDOW = 4 * 2 ** 20;
interface Pending {
  readonly id: number;
  readonly frame: Promise<Buffer>;
  readonly hear: (told: Told) => void;
  readonly fail: (fault: ExecutorFault) => void;
  readonly patience: number | undefined;
  readonly repeat: boolean;
  timer?: NodeJS.Timeout | undefined;
  sent: boolean;
  /** Connections that ended before its answer came. */
  losses: number;
}

export function openLink(line: HostLine, { alive = ALIVE, program, warn }: LinkOptions = {}): Link {
  const pending = new Map<number, Pending>();
  const room = window(WINDOW);
  let next = 1;
  const ending = new AbortController();
  let closed = false;
  let connection: Connection | undefined;
  let connecting = false;
  let stood = false;
  let stoodAt = 0;
  /** Connections in a row that hardly stood. */
  let short = 0;
  let welcome: Welcome | undefined;
  let lastFault: ExecutorFault | undefined;
  let beat: NodeJS.Timeout | undefined;
  /** Frames go in the order of their requests: a transfer's bytes must arrive in theirs. */
  let writing: Promise<void> = Promise.resolve();
  let drained: (() => void) | undefined;

  function lost(fault: ExecutorFault): void {
    connection = undefined;
    clearInterval(beat);
    drained?.();
    lastFault = fault;
    short = performance.now() - stoodAt < SHORT ? short + 1 : 0;
    if (!fault.passing) failAll(fault);
    for (const one of [...pending.values()]) {
      if (one.sent) one.losses += 1;
      if (one.sent && !one.repeat) fail(one, answerLost(line, fault));
      else if (one.losses >= MOST_LOSSES) fail(one, fault);
      else giveUpLater(one);
    }
    if (pending.size > 0) begin();
  }

  /** A call that may not wait fails now, others when their time is over. */
  function giveUpLater(one: Pending): void {
    const wait = one.patience ?? (stood ? PATIENCE : 0);
    if (one.timer !== undefined) return;
    one.timer = setTimeout(() => fail(one, lastFault ?? unreachableYet(line)), wait);
  }

  function fail(one: Pending, fault: ExecutorFault): void {
    clearTimeout(one.timer);
    if (!pending.delete(one.id)) return;
    one.fail(fault);
    settleHold();
  }

  function settleHold(): void {
    connection?.hold(pending.size > 0);
  }

  function begin(): void {
    if (connecting) return;
    connecting = true;
    void reach().finally(() => {
      connecting = false;
      // Something may have come in, or been lost again, just now.
      if (!closed && connection === undefined && pending.size > 0) begin();
    });
  }

  /** Not longer than the link is open. */
  async function wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: ending.signal }).catch(() => {});
  }

  async function reach(): Promise<void> {
    const pack = packOf(program);
    if (!pack.ok) return failAll(pack.error);
    if (short > 1) await wait(Math.min(BACK_OFF * 2 ** short, MOST_BACK_OFF));
    for (let pause = BACK_OFF; !closed && pending.size > 0; pause = Math.min(pause * 2, MOST_BACK_OFF)) {
      let over = false;
      const made = await connect(line, pack.value, alive, {
        frame: (frame) => receive(frame),
        drained: () => drained?.(),
        ended: (fault) => {
          over = true;
          lost(fault);
        },
        stop: ending.signal,
      });
      if (made.ok && closed) return made.value.close();
      if (made.ok) {
        if (!over) stands(made.value);
        return;
      }
      lastFault = made.error;
      if (!made.error.passing) return failAll(made.error);
      for (const one of pending.values()) giveUpLater(one);
      await wait(pause * (0.5 + Math.random() / 2));
    }
  }

  function stands(made: Connection): void {
    connection = made;
    stood = true;
    stoodAt = performance.now();
    lastFault = undefined;
    const warnings = warningsOf(line, made.welcome.skew);
    // Of a host that answers again it was said before.
    if (welcome === undefined) for (const each of warnings) warn?.(each);
    welcome = { ...made.welcome, warnings };
    for (const one of pending.values()) {
      clearTimeout(one.timer);
      one.timer = undefined;
      one.sent = false;
      write(one);
    }
    beat = setInterval(() => void call('ping', {}, { patience: 0 }), PING).unref();
    settleHold();
  }

  function write(one: Pending): void {
    const over = connection;
    writing = writing.then(async () => {
      const frame = await one.frame;
      if (over === undefined || over !== connection || !pending.has(one.id)) return;
      one.sent = true;
      if (over.send(frame)) return;
      await new Promise<void>((resolve) => {
        drained = resolve;
      });
      drained = undefined;
    });
  }

  function receive(frame: Frame): void {
    const told = answerIn(frame);
    const one = told && pending.get(told.id);
    // An answer to what nobody asks any more.
    if (one === undefined) return;
    clearTimeout(one.timer);
    pending.delete(one.id);
    one.hear(told as Told);
    settleHold();
  }

  function failAll(fault: ExecutorFault): void {
    for (const one of [...pending.values()]) fail(one, fault);
  }

  /** Sends and waits; `undefined` asks for nothing but the connection. */
  function send(
    header: { readonly op: Op; readonly ask: Json },
    { bytes, patience, repeat = true, signal }: CallOptions,
  ): Promise<Result<Told, ExecutorFault>> {
    return new Promise((resolve) => {
      if (closed) return resolve(err(closedFault(line)));
      if (signal?.aborted) return resolve(err(interrupted(line)));
      const id = next++;
      const abort = (): void => fail(one, interrupted(line));
      const settle = (answer: Result<Told, ExecutorFault>): void => {
        signal?.removeEventListener('abort', abort);
        resolve(answer);
      };
      const one: Pending = {
        id,
        frame: encodeFrame({ id, ...header }, bytes),
        hear: (told) => settle(ok(told)),
        fail: (fault) => settle(err(fault)),
        patience,
        repeat,
        sent: false,
        losses: 0,
      };
      signal?.addEventListener('abort', abort);
      pending.set(id, one);
      if (connection !== undefined) {
        write(one);
        settleHold();
        return;
      }
      if (stood) giveUpLater(one);
      begin();
    });
  }

  async function call<O extends Op>(
    op: O,
    ask: Ask<O>,
    options: CallOptions = {},
  ): Promise<Result<Reply<O>, ExecutorFault>> {
    const weight = (options.bytes?.length ?? 0) + Math.min(options.most ?? 0, MOST_BYTES);
    const leave = weight === 0 ? undefined : await room.enter(weight);
    try {
      const told = await send({ op, ask: ask as unknown as Json }, options);
      if (!told.ok) return told;
      if ('fault' in told.value) return err(told.value.fault);
      if ('errno' in told.value) return err(diskFault(line.host, told.value.errno, told.value.message));
      const answer = SHAPES[op].answer(told.value.answer);
      if (answer === undefined) return err(wrongAnswer(line, op));
      return ok({ ...answer, bytes: told.value.bytes });
    } finally {
      leave?.();
    }
  }

  return {
    host: line.host,
    open: async (options = {}) => {
      const answer = await call('ping', {}, options);
      return answer.ok ? ok(welcome as Welcome) : answer;
    },
    call,
    close: () => {
      closed = true;
      ending.abort();
      clearInterval(beat);
      connection?.close();
      connection = undefined;
      drained?.();
      failAll(closedFault(line));
    },
  };
}

function packOf(program: string | undefined): Result<AgentPack, ExecutorFault> {
  const folder = program === undefined ? builtProgram() : ok(program);
  return folder.ok ? agentPack(folder.value) : folder;
}
