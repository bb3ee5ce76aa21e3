/** @file Commands on strings: the test decides when each one writes, prints and exits, and counts how often it was called. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, vi } from 'vitest';

interface Hello {
  readonly name: string;
  readonly words: readonly string[];
  readonly pid: number;
  readonly env: { readonly [name: string]: string };
  readonly cwd: string;
  readonly host: string;
}

/** One running command. */
export interface Puppet extends Hello {
  write(file: string, text: string): Promise<void>;
  copy(file: string, target: string): Promise<void>;
  link(file: string, target: string): Promise<void>;
  /** Null where there is no such file. */
  read(file: string): Promise<string | null>;
  print(text: string): Promise<void>;
  bytes(bytes: Uint8Array): Promise<void>;
  /** A line, or a part of one, on the descriptor of the stage protocol. */
  report(text: string): Promise<void>;
  /** Starts a child that stays; answers its pid. */
  leave(detached: boolean): Promise<number>;
  /** Ignores SIGTERM from now on. */
  deaf(): Promise<void>;
  /** On SIGTERM it writes this and ends. */
  save(file: string, text: string): Promise<void>;
  /** Ends by a signal that it sends to itself. */
  die(signal: NodeJS.Signals): void;
  exit(code?: number): void;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
}

export interface Puppets {
  /** Words of a `run:` list, as YAML; `out.o` stands for its placeholder. */
  run(name: string, ...placeholders: string[]): string;
  /** The next call of a command, in the order of calls. */
  next(name: string): Promise<Puppet>;
  /** Calls so far. */
  count(name: string): number;
  close(): void;
}

export async function startPuppets(): Promise<Puppets> {
  const folder = mkdtempSync(join(tmpdir(), 'puppets-'));
  const path = join(folder, 'socket');
  const waiting = new Map<string, ((puppet: Puppet) => void)[]>();
  const arrived = new Map<string, Puppet[]>();
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const answers: ((value: unknown) => void)[] = [];
    const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    const ask = <T>(message: object): Promise<T> =>
      new Promise((resolve) => {
        answers.push(resolve as (value: unknown) => void);
        socket.write(`${JSON.stringify(message)}\n`);
      });
    createInterface({ input: socket }).on('line', (line) => {
      const message = JSON.parse(line) as Hello & { done?: unknown };
      if ('done' in message) {
        answers.shift()?.(message.done);
        return;
      }
      counts.set(message.name, (counts.get(message.name) ?? 0) + 1);
      const puppet: Puppet = {
        ...message,
        gone,
        write: (file, text) => ask({ step: 'write', file, text }),
        copy: (file, target) => ask({ step: 'copy', file, target }),
        link: (file, target) => ask({ step: 'link', file, target }),
        read: (file) => ask({ step: 'read', file }),
        print: (text) => ask({ step: 'print', text }),
        bytes: (bytes) => ask({ step: 'bytes', base64: Buffer.from(bytes).toString('base64') }),
        report: (text) => ask({ step: 'report', text }),
        leave: (detached) => ask({ step: 'leave', detached }),
        deaf: () => ask({ step: 'deaf' }),
        save: (file, text) => ask({ step: 'save', file, text }),
        die: (signal) => void socket.write(`${JSON.stringify({ step: 'die', signal })}\n`),
        exit: (code = 0) => void socket.write(`${JSON.stringify({ step: 'exit', code })}\n`),
      };
      const next = waiting.get(puppet.name)?.shift();
      if (next !== undefined) next(puppet);
      else arrived.set(puppet.name, [...(arrived.get(puppet.name) ?? []), puppet]);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const script = join(import.meta.dirname, 'puppet.mjs');
  return {
    run: (name, ...placeholders) =>
      JSON.stringify([process.execPath, script, path, name, ...placeholders.map((each) => `\${${each}}`)]),
    count: (name) => counts.get(name) ?? 0,
    next: (name) =>
      new Promise((resolve) => {
        const there = arrived.get(name)?.shift();
        if (there !== undefined) resolve(there);
        else waiting.set(name, [...(waiting.get(name) ?? []), resolve]);
      }),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when no such process runs any more; one that nobody has waited for counts as gone. */
export async function untilGone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(stateOf(pid)).toBe('gone'), { timeout: 20_000, interval: 20 });
}

function stateOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z') ? 'gone' : 'running';
  } catch {
    return 'gone';
  }
}
