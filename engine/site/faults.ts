/** @file What `ssh` says when it does not get through, as faults. */
import type { ExecutorFault } from '../executors/contract.ts';
import { type HostLine, shownCall } from './ssh.ts';

interface Known {
  readonly said: RegExp;
  readonly code: string;
  readonly message: (host: string) => string;
  readonly hint: string;
  readonly passing: boolean;
}

/** The first that fits counts: what is said of a key comes before the closed connection that follows from it. */
const KNOWN: readonly Known[] = [
  {
    said: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed|host key is known|host key for/i,
    code: 'host-key-unknown',
    message: (host) => `The key of ${host} is not the one that is known, or none is known.`,
    hint: 'connect once by hand and compare the key with the machine’s own',
    passing: false,
  },
  {
    said: /Permission denied|Too many authentication failures|no such identity|UNPROTECTED PRIVATE KEY|Load key/i,
    code: 'auth-refused',
    message: (host) => `${host} lets nobody in with the keys that ssh offers.`,
    hint: 'name the right key as IdentityFile in the ssh configuration, or load it into the agent',
    passing: false,
  },
  {
    said: /Could not resolve hostname[^\n]*(?:not known|No address associated|nodename nor servname)/i,
    code: 'host-unknown',
    message: (host) => `Nobody knows a host ${host}.`,
    hint: 'look at the name in warren.yaml, and at HostName in the ssh configuration',
    passing: false,
  },
  {
    said: /Bad configuration option|Can't open user config file|terminating, \d+ bad configuration/i,
    code: 'ssh-config',
    message: (host) => `The ssh configuration for ${host} cannot be used.`,
    hint: 'look at what ssh says of it',
    passing: false,
  },
];

/** What `ssh` printed tells why it ended; whatever is not known may be better later. */
export function sshFault(line: HostLine, said: string): ExecutorFault {
  const output = printable(said);
  const command = shownCall(line);
  const known = KNOWN.find((one) => one.said.test(said));
  if (known !== undefined) {
    const { code, hint, passing } = known;
    return { code, message: known.message(line.host), hint, command, output, passing };
  }
  const message = `${line.host} cannot be reached.`;
  const hint = 'try the command by hand';
  return { code: 'host-unreachable', message, hint, command, output, passing: true };
}

/** The end of a connection that stood: what was printed may come from the agent, and tells nothing of keys and names. */
export function cutFault(line: HostLine, said: string, code: number | null): ExecutorFault {
  const lost = code === 255 || code === null;
  const message = lost
    ? `The connection to ${line.host} was lost.`
    : `The agent on ${line.host} ended by itself (exit ${code}).`;
  const more = { command: shownCall(line), output: printable(said) };
  return { code: 'host-unreachable', message, ...more, passing: true };
}

/** Codes of the system's errors on the other machine's disk. */
export function diskFault(host: string, code: string, message: string): ExecutorFault {
  const about = printable(message);
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT': {
      const hint = `ssh ${host} df -h shows what is left: free some, or name another root in the profile`;
      return {
        code: 'remote-disk-full',
        message: `The disk of ${host} is full: ${about}.`,
        hint,
        passing: false,
      };
    }
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'ENOENT': {
      const hint = 'name a root in the profile where files can be written';
      const what = `${host} lets nothing be written: ${about}.`;
      return { code: 'remote-not-writable', message: what, hint, passing: false };
    }
    default:
      return { code: 'remote-io', message: `A file of ${host} failed: ${about}.`, passing: true };
  }
}

/** What another machine says is shown as text, never as commands to a terminal; only its end, if it is long. */
export function printable(text: string): string {
  return text
    .replace(/[^\P{C}\n\t]/gu, '')
    .trim()
    .slice(-2000);
}
