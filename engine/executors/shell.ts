/** @file Runs the commands of schedulers: here, or on the machine that a link leads to. */
import { spawn } from 'node:child_process';
import { errnoOf } from '../../cache/publish.ts';
import type { ExecutorFault } from './contract.ts';

export interface Ask {
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string | undefined;
  /** Variables beside those of `clientEnvironment`. */
  readonly env?: { readonly [name: string]: string } | undefined;
  /** Milliseconds. */
  readonly limit: number;
}

export interface Answer {
  /** Undefined: it did not end by itself, or never began. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** `missing`: no such command there. `late`: it passed its limit. `unreachable`: could not be asked at all. */
  readonly failed?: 'missing' | 'late' | 'unreachable' | undefined;
}

export type Shell = (ask: Ask) => Promise<Answer>;

/** More than the longest answer about a hundred thousand jobs. Bytes. */
const MOST = 64 * 1024 * 1024;

/** On this machine. */
export const localShell: Shell = ({ argv, stdin = '', env, limit }) =>
  new Promise((resolve) => {
    const [file, ...words] = argv;
    const child = spawn(file, words, {
      env: { ...clientEnvironment(process.env), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      // Ctrl-C is the engine's: a submission that has begun is not torn in two.
      detached: true,
    });
    const texts = { stdout: '', stderr: '' };
    let late = false;
    const end = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limit);
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk: string) => {
        if (texts[stream].length < MOST) texts[stream] += chunk;
      });
    }
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    child.once('error', (error) => {
      clearTimeout(end);
      const missing = errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EACCES';
      resolve({
        ...texts,
        code: undefined,
        stderr: error.message,
        failed: missing ? 'missing' : 'unreachable',
      });
    });
    child.once('close', (code) => {
      clearTimeout(end);
      resolve({ ...texts, code: late ? undefined : (code ?? undefined), ...(late && { failed: 'late' }) });
    });
  });

/**
 * What commands of schedulers are given of our environment. An engine that is itself a job has variables of that job, which
 * they would take for options (`SLURM_*`, `SBATCH_*`) or for their way in (`SLURM_JWT`); and with what they are given, jobs begin.
 */
export function clientEnvironment(own: NodeJS.ProcessEnv): { [name: string]: string } {
  const env: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && KEPT.test(name)) env[name] = value;
  }
  return env;
}

const KEPT =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|LD_LIBRARY_PATH|KRB5CCNAME|SLURM_CONF|SGE_(?:ROOT|CELL|CLUSTER_NAME|QMASTER_PORT|EXECD_PORT)|PBS_CONF_FILE|PBS_DEFAULT|LSF_[A-Z]+|CONDOR_CONFIG)$/;

/** A fault with the command and what it said. */
export function faultOf(
  code: string,
  message: string,
  passing: boolean,
  { argv }: Pick<Ask, 'argv'>,
  answer: Answer,
  hint?: string,
): ExecutorFault {
  const output = shown(`${answer.stderr}\n${answer.stdout}`);
  return {
    code,
    message,
    passing,
    command: argv.join(' '),
    ...(hint !== undefined && { hint }),
    ...(output !== '' && { output }),
  };
}

/** For people: the last lines, and nothing that a terminal would take for an order. */
function shown(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be shown
  const clean = text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
  return clean.trim().split('\n').slice(-20).join('\n').slice(-4000);
}
