/**
 * @file What is written beside an attempt that may outlive this process: that it is about to be submitted, to whom and as
 * what, and then how it is found. An attempt with an intent has no known end: whoever ends it takes the intent away.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isKey } from '../../base/digest.ts';
import type { Digest, Key, RunId, StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import { errnoOf, writeDurably } from '../../cache/publish.ts';
import type { StageFailure } from '../event.ts';
import type { Handle } from '../executors/contract.ts';
import type { ExecutorSettings } from '../executors/settings.ts';
import type { Stage } from '../pipeline/graph.ts';
import { attemptsFolder } from '../plan/past.ts';
import type { Project } from '../project.ts';
import type { Attempt } from './attempt-folder.ts';
import type { RunContext } from './context.ts';
import { stampsOf } from './input-checks.ts';
import type { Placed } from './placement.ts';
import type { Journalled } from './process.ts';

const SCHEMA = 'warren/submission/1';
const INTENT = 'submission.json';
const HANDLE = 'handle.json';
/** In the project's home, once an attempt was submitted anywhere. */
const ELSEWHERE = 'elsewhere';

export interface Intent {
  readonly schema: typeof SCHEMA;
  readonly run: RunId;
  /** The pipeline's, relative to the project. */
  readonly file: string;
  readonly stage: StageId;
  /** Of the project: in a copy of it there is the same file, and the attempt is none of the copy's. */
  readonly home: string;
  /** Whoever comes next asks this executor, whatever profile it uses itself. */
  readonly profile: string;
  readonly settings: ExecutorSettings;
  readonly name: string;
  /** As the job sees it, and the host that has it where files are not shared. */
  readonly folder: string;
  readonly host?: string | undefined;
  readonly outputs: { readonly [name: string]: string };
  /** Attempts of that run with this one. */
  readonly tries: number;
  /** Of the user's files that it reads, by path: they may be changed and put back before anybody collects. */
  readonly stamps: { readonly [path: string]: Digest };
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** An attempt that was to be submitted and whose end nobody has seen. */
export interface Pending {
  readonly number: number;
  readonly intent: Intent;
  readonly handle: Handle | undefined;
}

/** The latest of a key. What holds its lock may act on it; for anybody else it is a hint. */
export function pendingAttempt(project: Project, key: Key): Result<Pending | undefined, StageFailure> {
  const base = attemptsFolder(project, key);
  const number = numbersIn(base).find((each) => hasIntent(join(base, String(each))));
  if (number === undefined) return ok(undefined);
  const folder = join(base, String(number));
  const intent = readIntent(folder);
  if (intent === undefined) {
    const message = `An earlier attempt was submitted, and what was written of it in ${folder} cannot be read.`;
    const hint = 'remove that folder when nothing works in it any more';
    return err({ code: 'attempt-unreadable', message, hint });
  }
  if (!isOf(intent, project)) return ok(undefined);
  const handle = readJson(join(folder, HANDLE)) as Handle | undefined;
  const known = handle?.name === intent.name && typeof handle.id === 'string' ? handle : undefined;
  return ok({ number, intent, handle: known });
}

/** Of all keys, oldest first; `unreadable`: folders of those of which nobody can say more. */
export function pendingAttempts(project: Project): {
  readonly pending: readonly (Pending & { readonly key: Key; readonly folder: string })[];
  readonly unreadable: readonly string[];
} {
  const attempts = join(project.home, 'attempts');
  const pending: (Pending & { readonly key: Key; readonly folder: string })[] = [];
  const unreadable: string[] = [];
  // Most projects never send anything elsewhere, and have a folder for each result.
  if (!existsSync(join(project.home, ELSEWHERE))) return { pending, unreadable };
  for (const name of list(attempts)) {
    const key = `sha256:${name}`;
    if (!isKey(key)) continue;
    const found = pendingAttempt(project, key);
    if (!found.ok) unreadable.push(join(attempts, name));
    else if (found.value !== undefined) {
      pending.push({ ...found.value, key, folder: join(attempts, name, String(found.value.number)) });
    }
  }
  pending.sort((a, b) => a.intent.at - b.intent.at);
  return { pending, unreadable };
}

/** Attempts of a key that another project submitted, of which this one is a copy. */
export function copiedAttempts(project: Project, key: Key): readonly Intent[] {
  const base = attemptsFolder(project, key);
  return numbersIn(base).flatMap((each) => {
    const intent = readIntent(join(base, String(each)));
    return intent === undefined || isOf(intent, project) ? [] : [intent];
  });
}

/** Whether an attempt in this folder was submitted from this project, and may go on. */
export function mayLive(project: Project, folder: string): boolean {
  if (!hasIntent(folder)) return false;
  const intent = readIntent(folder);
  return intent === undefined || isOf(intent, project);
}

function hasIntent(folder: string): boolean {
  return existsSync(join(folder, INTENT));
}

/** Its end is known, or does not matter any more. */
export function forgetIntent(folder: string): void {
  rmSync(join(folder, INTENT), { force: true });
  rmSync(join(folder, HANDLE), { force: true });
}

/** What is written of an attempt that may outlive this process. `opened`: its folder here. */
export function journalOf(
  { run, world, index }: Pick<RunContext, 'world' | 'index'> & Partial<Pick<RunContext, 'run'>>,
  stage: Stage,
  { folder: here }: Pick<Attempt, 'folder'>,
  { profile, settings, executor }: Placed,
  task: Pick<Intent, 'name' | 'folder' | 'host' | 'outputs' | 'tries'>,
): Journalled | undefined {
  if (!executor.capabilities.survivesEngine || run === undefined) return undefined;
  const { name, folder, host, outputs, tries } = task;
  const stamps = stampsOf(world, stage);
  const file = relative(world.project.root, index.graph.file);
  const { home } = world.project;
  const known = { schema: SCHEMA, run, file, stage: stage.id, home, profile, settings } as const;
  const elsewhere = join(world.project.home, ELSEWHERE);
  const intent: Intent = { ...known, name, folder, host, outputs, tries, stamps, at: Date.now() };
  return {
    // On the disk before anybody hears of it.
    submitting: async () => {
      if (!existsSync(elsewhere)) await writeDurably(elsewhere, '');
      await writeDurably(join(here, INTENT), JSON.stringify(intent));
    },
    // Torn or lost with the machine, it is found again by the name.
    submitted: (handle) => writeFileSync(join(here, HANDLE), JSON.stringify(handle)),
  };
}

/** Undefined: there is none, or it cannot be read. */
function readIntent(folder: string): Intent | undefined {
  const intent = readJson(join(folder, INTENT)) as Partial<Intent> | undefined;
  const whole = intent?.schema === SCHEMA && typeof intent.name === 'string' && intent.settings !== undefined;
  return whole ? (intent as Intent) : undefined;
}

/** The same folder by another name is no other project. */
function isOf({ home }: Intent, project: Project): boolean {
  if (home === project.home) return true;
  try {
    return realpathSync(home) === realpathSync(project.home);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** The latest first. */
function numbersIn(folder: string): number[] {
  return list(folder)
    .map(Number)
    .filter(Number.isInteger)
    .sort((one, other) => other - one);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
