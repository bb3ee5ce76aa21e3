/** @file One timed command. */
import { execa } from 'execa';
import { watchMemory } from './memory.ts';

export interface Timed {
  readonly seconds: number;
  readonly stdout: string;
  /** Peak of the process tree in bytes; undefined unless asked for and known. */
  readonly peakBytes: number | undefined;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes besides 0 that are no failure. */
  readonly allow?: readonly number[];
  readonly memory?: boolean;
  /** Show the command's own progress on stderr. */
  readonly show?: boolean;
}

/** Runs argv without a shell and without a terminal; throws with the command's last words when it fails. */
export async function timed(
  argv: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<Timed> {
  const [file, ...args] = argv;
  const started = performance.now();
  const child = execa(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...options.env },
    reject: false,
    stdin: 'ignore',
    stderr: options.show === true ? ['pipe', 'inherit'] : 'pipe',
  });
  const watch = options.memory === true && child.pid !== undefined ? watchMemory(child.pid) : undefined;
  const result = await child;
  const seconds = (performance.now() - started) / 1000;
  const peakBytes = watch?.stop();
  if (result.failed && !(options.allow ?? []).includes(result.exitCode ?? -1)) {
    const words = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-20).join('\n');
    throw new Error(`${result.shortMessage}\n${words}`);
  }
  return { seconds, stdout: result.stdout, peakBytes };
}

/**
 * Seconds of each command, in rounds: one of each a round and the order turned round every time, so that a busy
 * spell of the machine hits all alike.
 */
export async function alternate<K extends string>(
  commands: Readonly<Record<K, () => Promise<Timed>>>,
  rounds: number,
): Promise<Record<K, number[]>> {
  const names = Object.keys(commands) as K[];
  const seconds = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      seconds[name].push((await commands[name]()).seconds);
    }
  }
  return seconds;
}

/** An empty Node process: what starting costs on this machine, now. */
export const emptyNode = (): Promise<Timed> => timed([process.execPath, '-e', '0']);
