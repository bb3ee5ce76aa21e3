/** @file How `ssh` is called. Neither a host nor a path can become an option or a word of a shell. */
import { err, ok, type Result } from '../../base/result.ts';
import { quoteWord } from '../executors/command.ts';
import type { ExecutorFault } from '../executors/contract.ts';

/** A host as a profile names it. */
export interface HostLine {
  /** As `ssh` takes it: a name of the ssh configuration, or `user@host`. */
  readonly host: string;
  /** An ssh configuration file. */
  readonly config?: string | undefined;
  /** Node.js there; default `node` of the PATH. */
  readonly node?: string | undefined;
  /** Folder there, absolute or below the home folder; default `~/.cache/warren`. */
  readonly root?: string | undefined;
}

/** Seconds. */
export interface Aliveness {
  /** Until a connection stands. */
  readonly connect: number;
  /** Between two signs of life; after three that did not come, the connection is given up. */
  readonly every: number;
}

export const DEFAULT_ROOT = '~/.cache/warren';

/** What `ssh` would take for an option, and what no name of a host has. */
const WRONG = /^-|@-|[\s\p{Cc}'"`$;&|<>(){}\\*?!]/u;

/** A command is words of a POSIX shell, run by whatever login shell the user has there. */
export function sshWords(
  { host, config }: HostLine,
  command: string,
  { connect, every }: Aliveness,
): Result<readonly string[], ExecutorFault> {
  if (host === '' || WRONG.test(host)) {
    const message = `${JSON.stringify(host)} is no name of a host.`;
    const hint = 'name a host as ssh does: a Host of the ssh configuration, or user@host';
    return err({ code: 'host-name', message, hint, passing: false });
  }
  return ok([
    ...(config === undefined ? [] : ['-F', config]),
    ...['-T', '-a', '-x', '-o', 'BatchMode=yes', '-o', `ConnectTimeout=${connect}`],
    ...['-o', `ServerAliveInterval=${every}`, '-o', 'ServerAliveCountMax=3'],
    // A master that is there is used, which sites with one-time passwords need; none is left behind.
    ...['-o', 'ControlMaster=no', '-o', 'ClearAllForwardings=yes', '-o', 'EscapeChar=none'],
    ...['--', host, command],
  ]);
}

/** The call, for people: what they can try by hand. */
export function shownCall({ host, config }: HostLine, command = 'true'): string {
  const words = config === undefined ? [] : ['-F', config];
  return ['ssh', ...words, '-o', 'BatchMode=yes', '--', host, command].map(shownWord).join(' ');
}

function shownWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quoteWord(word);
}
