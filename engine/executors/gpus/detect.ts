/** @file Asks `nvidia-smi`, which may be missing, broken, or take seconds where no process keeps the driver awake. */
import { spawn } from 'node:child_process';
import { errnoOf } from '../../../cache/publish.ts';
import type { Detected, Trouble, Usage } from './gpu.ts';
import {
  APP_FIELDS,
  GPU_FIELDS,
  knowsNoMig,
  parseApps,
  parseGpus,
  parseSlices,
  type Row,
} from './smi-text.ts';

/** Milliseconds that it may take to answer. */
const PATIENCE = 30_000;
const PROGRAM = 'nvidia-smi';
const FORMAT = '--format=csv,noheader,nounits';
/** Characters of its output that a message shows. */
const SHOWN = 2000;

interface Answer {
  readonly command: string;
  /** `missing`: no such program. `silent`: it did not answer in time. */
  readonly end: number | 'missing' | 'silent' | { readonly broken: string };
  readonly stdout: string;
  readonly stderr: string;
}

/** GPUs of this machine, with those of AMD left out: they are asked about in a file of their own, once there is one. */
export async function detectGpus(env: NodeJS.ProcessEnv, patience: number = PATIENCE): Promise<Detected> {
  const asked = await askGpus(env, patience);
  if ('trouble' in asked) return { gpus: [], trouble: asked.trouble };
  const { rows, strays, answer } = asked;
  const whole = rows.filter(({ mig }) => !mig).map(({ gpu }) => gpu);
  if (whole.length === rows.length) return { gpus: whole, trouble: strays };
  const list = await ask(['-L'], env, patience);
  const slices = list.end === 0 ? parseSlices(list.stdout) : [];
  const trouble = list.end === 0 ? strays : (troubleOf(list) ?? troubleOf(answer));
  return { gpus: [...whole, ...slices].sort((a, b) => a.index - b.index), trouble };
}

/** What runs on the GPUs now; undefined when that could not be asked. */
export async function askUsage(
  env: NodeJS.ProcessEnv,
  patience: number = PATIENCE,
): Promise<Usage | undefined> {
  const [asked, apps] = await Promise.all([
    askGpus(env, patience),
    ask([`--query-compute-apps=${APP_FIELDS.join(',')}`, FORMAT], env, patience),
  ]);
  if ('trouble' in asked || typeof apps.end !== 'number' || (apps.end !== 0 && apps.stdout === ''))
    return undefined;
  const used = asked.rows.flatMap(({ gpu, used: bytes }) =>
    bytes === undefined ? [] : [[gpu.uuid, bytes] as const],
  );
  return { used: new Map(used), apps: parseApps(apps.stdout) };
}

type Asked =
  | { readonly rows: readonly Row[]; readonly strays: Trouble | undefined; readonly answer: Answer }
  | { readonly trouble: Trouble };

async function askGpus(env: NodeJS.ProcessEnv, patience: number): Promise<Asked> {
  const query = (fields: readonly string[]): Promise<Answer> =>
    ask([`--query-gpu=${fields.join(',')}`, FORMAT], env, patience);
  let answer = await query(GPU_FIELDS);
  let withMig = true;
  if (answer.end !== 0 && knowsNoMig(`${answer.stdout}${answer.stderr}`)) {
    withMig = false;
    answer = await query(GPU_FIELDS.slice(0, -1));
  }
  const { rows, strays } = parseGpus(answer.stdout, withMig);
  // Some codes are warnings, such as 14 for a corrupt infoROM: what it listed is there.
  if (rows.length === 0) return { trouble: troubleOf(answer) ?? unread(answer) };
  return {
    rows,
    strays: strays.length > 0 ? unread({ ...answer, stdout: strays.join('\n') }) : undefined,
    answer,
  };
}

function troubleOf({ command, end, stdout, stderr }: Answer): Trouble | undefined {
  const output = `${stdout}${stderr}`.trim().slice(0, SHOWN) || undefined;
  const passed = { command, output, passing: false, none: false };
  if (end === 'missing') return { why: `${PROGRAM} was not found`, none: true, passing: false };
  if (end === 'silent') return { ...passed, why: `${PROGRAM} did not answer in time`, passing: true };
  if (typeof end === 'object') return { ...passed, why: `${PROGRAM} could not be started: ${end.broken}` };
  if (end === 6 || /no devices were found/i.test(output ?? '')) {
    return { ...passed, why: `${PROGRAM} found none`, none: true };
  }
  if (end === 0)
    return output === undefined ? { ...passed, why: `${PROGRAM} listed none`, none: true } : undefined;
  return { ...passed, why: `${PROGRAM} failed with code ${end}` };
}

function unread({ command, stdout, stderr }: Answer): Trouble {
  const output = `${stdout}${stderr}`.trim().slice(0, SHOWN);
  return { why: `${PROGRAM} said what could not be read`, none: false, passing: false, command, output };
}

function ask(words: readonly string[], env: NodeJS.ProcessEnv, patience: number): Promise<Answer> {
  const command = [PROGRAM, ...words].join(' ');
  return new Promise((resolve) => {
    let stdout = '';
    let stderr = '';
    const answer = (end: Answer['end']): void => {
      clearTimeout(timer);
      resolve({ command, end, stdout, stderr });
    };
    const child = spawn(PROGRAM, words, { stdio: ['ignore', 'pipe', 'pipe'], env });
    // One that hangs in the driver cannot even be killed: the answer does not wait for its end, nor does the engine.
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      child.unref();
      child.stdout.destroy();
      child.stderr.destroy();
      answer('silent');
    }, patience);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.once('error', (error) =>
      answer(errnoOf(error) === 'ENOENT' ? 'missing' : { broken: error.message }),
    );
    child.once('close', (code, signal) => answer(code ?? { broken: `${signal}` }));
  });
}
