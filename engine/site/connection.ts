/** @file One `ssh` process, from its start to its end: the other machine is looked at, gets the agent, and then frames go. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { err, ok, type Result } from '../../base/result.ts';
import type { ExecutorFault } from '../executors/contract.ts';
import type { AgentPack } from './agent-pack.ts';
import { bootstrap } from './bootstrap.ts';
import { closedFault } from './call-faults.ts';
import { cutFault, printable, sshFault } from './faults.ts';
import { BrokenFrame, type Frame, frameReader } from './frame.ts';
import { type Greeting, greeter } from './greeting.ts';
import { type Aliveness, DEFAULT_ROOT, type HostLine, shownCall, sshWords } from './ssh.ts';

export interface Connection {
  readonly welcome: Greeting;
  /** False: wait for `drained`. */
  send(frame: Uint8Array): boolean;
  /** Whether it keeps this process from ending. */
  hold(on: boolean): void;
  close(): void;
}

export interface Listeners {
  frame(frame: Frame): void;
  drained(): void;
  /** Once, after the connection stood. */
  ended(fault: ExecutorFault): void;
  /** Aborted: nobody waits for the connection any more. */
  readonly stop: AbortSignal;
}

/** Milliseconds from the start of `ssh` until the agent answers, without the time that it takes to send it. */
const GREETING = 60_000;
/** Of what `ssh` prints as errors. */
const MOST_SAID = 8192;

export function connect(
  line: HostLine,
  pack: AgentPack,
  alive: Aliveness,
  listeners: Listeners,
): Promise<Result<Connection, ExecutorFault>> {
  const word = randomBytes(8).toString('hex');
  const command = bootstrap(line.root ?? DEFAULT_ROOT, line.node ?? 'node', pack.digest, word);
  const words = sshWords(line, command, alive);
  if (!words.ok) return Promise.resolve(words);
  // A session of its own: Ctrl-C in the terminal must not cut what jobs are cancelled over.
  const child = spawn('ssh', words.value, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  return new Promise((resolve) => talk(line, pack, word, child, listeners, resolve));
}

function talk(
  line: HostLine,
  pack: AgentPack,
  word: string,
  child: ChildProcess,
  listeners: Listeners,
  settle: (answer: Result<Connection, ExecutorFault>) => void,
): void {
  const [stdin, stdout, stderr] = [child.stdin, child.stdout, child.stderr] as Socket[] as [
    Socket,
    Socket,
    Socket,
  ];
  let said = '';
  let stands = false;
  let over = false;

  const end = (fault: ExecutorFault): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    listeners.stop.removeEventListener('abort', stopped);
    child.kill('SIGKILL');
    if (stands) listeners.ended(fault);
    else settle(err(fault));
  };
  const timer = setTimeout(() => {
    const message = `${line.host} lets ssh in and then does not answer.`;
    const hint = 'look at what its login shell does before a command';
    end({
      code: 'host-unreachable',
      message,
      hint,
      command: shownCall(line),
      output: printable(said),
      passing: true,
    });
  }, GREETING);

  const stopped = (): void => end(closedFault(line));
  listeners.stop.addEventListener('abort', stopped);

  const frames = frameReader((frame) => {
    if (!over) listeners.frame(frame);
  });
  const greeting = greeter(line, word, Date.now(), {
    send: () => {
      const packed = pack.packed();
      const head = Buffer.alloc(4);
      head.writeUInt32BE(packed.length);
      stdin.write(Buffer.concat([head, packed]));
    },
    fault: end,
    ready: (welcome) => {
      clearTimeout(timer);
      listeners.stop.removeEventListener('abort', stopped);
      stands = true;
      settle(
        ok({
          welcome,
          send: (frame) => over || stdin.write(frame),
          hold: (on) => {
            for (const part of [child, stdin, stdout, stderr]) on ? part.ref() : part.unref();
          },
          close: () => {
            over = true;
            // Its end ends the agent; a process that cannot tell it so is ended itself.
            stdin.end();
            child.kill('SIGTERM');
          },
        }),
      );
    },
  });

  // What cannot be written shows in how the process ends.
  stdin.on('error', () => {});
  stdin.on('drain', () => listeners.drained());
  stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-MOST_SAID);
  });
  stdout.on('data', (chunk: Buffer) => {
    if (over) return;
    try {
      const rest = stands ? chunk : greeting.push(chunk);
      if (rest !== undefined && rest.length > 0) frames.push(rest);
    } catch (error) {
      if (!(error instanceof BrokenFrame)) throw error;
      const message = `${line.host} answers what is no answer: ${error.message}.`;
      const hint = 'look at what its login shell prints after a command has begun';
      end({ code: 'remote-answer', message, hint, command: shownCall(line), passing: false });
    }
  });
  child.once('error', (error) => {
    const message = `ssh cannot be started: ${error.message}.`;
    end({ code: 'ssh-missing', message, hint: 'install the OpenSSH client', passing: false });
  });
  child.once('close', (code, signal) => {
    if (stands) end(cutFault(line, said, code));
    else if (code !== 255 && signal === null) end(greeting.unfinished(said, code));
    else end(sshFault(line, said));
  });
}
