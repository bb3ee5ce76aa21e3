/** @file What the other machine says of itself before the agent runs there. Nothing of it is believed that it need not be. */

import type { ExecutorFault } from '../executors/contract.ts';
import { MARK } from './bootstrap.ts';
import { diskFault, printable } from './faults.ts';
import { count, flag, optional, record, type Shape, text } from './shape.ts';
import { type HostLine, shownCall } from './ssh.ts';

/** What the other side said when it was reached. */
export interface Greeting {
  /** Absolute. */
  readonly root: string;
  readonly node: string;
  /** `v20.19.0` */
  readonly version: string;
  /** Seconds that the clock there is ahead at least; 0 if it may be right. */
  readonly skew: number;
}

interface Ears {
  /** The agent is not there. */
  send(): void;
  ready(greeting: Greeting): void;
  fault(fault: ExecutorFault): void;
}

interface Greeter {
  /** What came behind the greeting; undefined while it goes on. */
  push(chunk: Buffer): Buffer | undefined;
  /** Why it ended before its end. */
  unfinished(said: string, code: number | null): ExecutorFault;
}

/** What a login shell may print before, and most bytes of a line. */
const MOST = 1 << 16;
const LEAST_NODE = [20, 19] as const;

interface Line {
  readonly now?: number | undefined;
  readonly have?: boolean | undefined;
  readonly ready?: boolean | undefined;
  readonly fault?: string | undefined;
  readonly message?: string | undefined;
}

const LINE: Shape<Line> = record<Line>({
  now: optional(count),
  have: optional(flag),
  ready: optional(flag),
  fault: optional(text(64)),
  message: optional(text(4096)),
});

export function greeter(host: HostLine, word: string, began: number, ears: Ears): Greeter {
  let rest: Buffer = Buffer.alloc(0);
  let before = 0;
  let marked = false;
  let done = false;
  const fields = new Map<string, string>();
  let skew = 0;

  function hear(line: string): void {
    if (!marked) {
      marked = line === `${MARK} ${word}`;
      before += line.length;
      return;
    }
    if (!line.startsWith('{')) {
      const at = line.indexOf('=');
      fields.set(line.slice(0, Math.max(at, 0)), line.slice(at + 1));
      if (line.startsWith('node=')) {
        const fault = nodeFault(host, fields);
        if (fault !== undefined) ears.fault(fault);
      }
      return;
    }
    const told = LINE(parsed(line));
    if (told === undefined) return;
    if (told.fault !== undefined) {
      const fault = diskFault(host.host, told.fault, told.message ?? told.fault);
      ears.fault({ ...fault, command: shownCall(host) });
    } else if (told.ready === true) {
      done = true;
      const [root = '', node = '', version = ''] = ['root', 'node', 'version'].map((name) =>
        fields.get(name),
      );
      if (root.startsWith('/')) ears.ready({ root, node, version, skew });
      else ears.fault(strange(host, 'It does not say where its files are', root, null, 'remote-answer'));
    } else if (told.now !== undefined) {
      skew = skewOf(told.now, began, Date.now());
      if (told.have !== true) ears.send();
    }
  }

  return {
    push: (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(10); !done && end >= 0; end = rest.indexOf(10)) {
        const line = rest.subarray(0, end).toString('utf8').replace(/\r$/, '');
        rest = rest.subarray(end + 1);
        hear(line);
      }
      if (done) return rest;
      if (rest.length + before > MOST)
        ears.fault(strange(host, 'It prints more than a greeting', rest.toString()));
      return undefined;
    },
    unfinished: (said, code) => {
      if (!marked) return strange(host, 'Its login shell runs no command', said, code);
      return strange(host, 'Node.js ends there before it begins', said, code, 'no-node');
    },
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The answer was made somewhere between the two: what lies outside is the least that the clocks differ. */
function skewOf(there: number, began: number, ended: number): number {
  const apart = there > ended ? there - ended : Math.min(there - began, 0);
  return Math.trunc(apart / 1000);
}

function nodeFault(host: HostLine, fields: ReadonlyMap<string, string>): ExecutorFault | undefined {
  const asked = host.node ?? 'node';
  const command = shownCall(host, `${asked} --version`);
  const hint = `install Node.js ${LEAST_NODE.join('.')} or later there, or name it as node in the profile`;
  if (fields.get('node') === '') {
    const message = `${host.host} has no Node.js: ${asked} is not to be found.`;
    const output = printable(`PATH=${fields.get('path') ?? ''}`);
    return { code: 'no-node', message, hint, command, output, passing: false };
  }
  const version = fields.get('version') ?? '';
  const [, major, minor] = /^v(\d{1,4})\.(\d{1,4})\./.exec(version) ?? [];
  const output = printable(version);
  if (major === undefined) {
    const message = `Node.js of ${host.host} does not say its version.`;
    return { code: 'no-node', message, hint, command, output, passing: false };
  }
  const [least, second] = LEAST_NODE;
  if (Number(major) > least || (Number(major) === least && Number(minor) >= second)) return undefined;
  const message = `Node.js of ${host.host} is too old: ${output}.`;
  return { code: 'node-too-old', message, hint, command, output, passing: false };
}

function strange(
  host: HostLine,
  what: string,
  said: string,
  ended?: number | null,
  code = 'host-unreachable',
): ExecutorFault {
  const how = ended === undefined || ended === null ? '' : ` (exit ${ended})`;
  const message = `${host.host} is of no use: ${what.charAt(0).toLowerCase()}${what.slice(1)}${how}.`;
  const hint = 'try the command by hand';
  return { code, message, hint, command: shownCall(host), output: printable(said), passing: false };
}
