/** @file A project whose stages run on a target of the conformance suite, driven through the built program. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, onTestFinished, vi } from 'vitest';
import { stringify } from 'yaml';
import type { Event, EventOf, EventType } from '../../engine/event.ts';
import { type Started, Tree } from './program.ts';
import { type Puppet, type Puppets, startPuppets } from './puppets.ts';
import type { Target } from './targets.ts';

export interface StageReport {
  readonly id: string;
  readonly action: string;
  readonly key: string;
  readonly retries?: number;
  readonly queued?: number;
  readonly outputs?: { readonly [name: string]: string };
  readonly failure?: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly [more: string]: unknown;
  };
}

/** The end of a `warren run --json`. */
export interface Ran {
  readonly code: number | undefined;
  readonly stderr: string;
  readonly stages: { readonly [id: string]: StageReport };
  readonly warnings: readonly Problem[];
  /** Of a call that was refused. */
  readonly problems: readonly Problem[];
}

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface Going extends Omit<Started, 'done'> {
  readonly done: Promise<Ran>;
  /** The puppet that comes; a run that ends before is told at once. */
  meet(puppet: Promise<Puppet>): Promise<Puppet>;
}

export interface Stand {
  readonly tree: Tree;
  /** `warren run p.yaml` under the profile `there`, or under the one that the words name. */
  start(...words: string[]): Going;
  run(...words: string[]): Promise<Ran>;
  /** Any call, in the target's environment. */
  call(...words: string[]): Promise<{ code: number | undefined; stdout: string; stderr: string }>;
  /** Of the newest run that was started here. */
  events<T extends EventType>(type: T): EventOf<T>[];
  /** The first event of this type in the newest run, once it is there. */
  until<T extends EventType>(type: T, match?: (event: EventOf<T>) => boolean): Promise<EventOf<T>>;
}

export interface StandOptions {
  /** Over the settings of the target's profile. */
  readonly profile?: { readonly [name: string]: unknown };
  /** Beside `there`. */
  readonly profiles?: { readonly [name: string]: unknown };
  readonly env?: { readonly [name: string]: string };
}

export function stand(
  target: Target,
  files: { readonly [path: string]: string },
  options: StandOptions = {},
): Stand {
  const profiles = { there: { ...target.profile(), ...options.profile }, ...options.profiles };
  const tree = new Tree({ 'warren.yaml': stringify({ profiles }), ...files }, target.folder);
  const env = { ...target.env, ...options.env };

  const { slurm } = target;
  if (slurm !== undefined)
    onTestFinished(() => cancelBelow([tree.folder, ...rootOf(profiles.there)], slurm.env));

  // What came before a start is not the start's, however late its own journal comes.
  let earlier: readonly string[] = [];
  const start = (...words: string[]): Going => {
    earlier = runsOf(tree);
    const profile = words.includes('--profile') ? [] : ['--profile', 'there'];
    const started = tree.start(['run', 'p.yaml', '--json', ...profile, ...words], env);
    const done = started.done.then(ranOf);
    const early = done.then((ran) => {
      throw new Error(`the run ended: ${JSON.stringify(ran)}`);
    });
    early.catch(() => {});
    return { ...started, done, meet: (puppet) => Promise.race([puppet, early]) };
  };
  const events = <T extends EventType>(type: T): EventOf<T>[] =>
    journal(tree, earlier).filter((event): event is EventOf<T> => event.type === type);
  return {
    tree,
    start,
    run: (...words) => start(...words).done,
    call: (...words) => tree.start(words, env).done,
    events,
    until: <T extends EventType>(type: T, match: (event: EventOf<T>) => boolean = () => true) =>
      vi.waitFor(
        () => {
          const found = events(type).find(match);
          expect(found, `${type} in ${JSON.stringify(journal(tree, earlier).slice(-5))}`).toBeDefined();
          return found as EventOf<T>;
        },
        { timeout: 60_000, interval: 25 },
      ),
  };
}

/** Puppets of one test. */
export async function puppets(): Promise<Puppets> {
  const made = await startPuppets();
  onTestFinished(() => made.close());
  return made;
}

function ranOf({ code, stdout, stderr }: { code: number | undefined; stdout: string; stderr: string }): Ran {
  // A run that was ended in the midst of it prints nothing.
  const { stages, warnings, diagnostics } = (stdout === '' ? {} : JSON.parse(stdout)) as {
    stages?: readonly StageReport[];
    warnings?: readonly Problem[];
    diagnostics?: readonly Problem[];
  };
  return {
    code,
    stderr,
    stages: Object.fromEntries((stages ?? []).map((each) => [each.id, each])),
    warnings: warnings ?? [],
    problems: diagnostics ?? [],
  };
}

function runsOf(tree: Tree): string[] {
  return tree.has('.warren/runs') ? readdirSync(tree.path('.warren/runs')).sort() : [];
}

/** Of the newest run; its last line may be half written. */
function journal(tree: Tree, earlier: readonly string[]): Event[] {
  const newest = runsOf(tree)
    .filter((run) => !earlier.includes(run))
    .at(-1);
  const path = `.warren/runs/${newest}/events.jsonl`;
  if (newest === undefined || !tree.has(path)) return [];
  return tree
    .read(path)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);
}

/** Jobs that a failed test has left waiting or running. */
function cancelBelow(folders: readonly string[], env: { readonly [name: string]: string }): void {
  const all = execFileSync('squeue', ['-h', '-o', '%A %Z'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const left = all.split('\n').filter((line) => folders.some((folder) => line.includes(` ${folder}`)));
  const ids = left.map((line) => line.split(' ')[0] as string);
  if (ids.length > 0) execFileSync('scancel', ids, { env: { ...process.env, ...env } });
}

function rootOf(profile: { readonly root?: unknown }): string[] {
  return typeof profile.root === 'string' ? [profile.root] : [];
}
