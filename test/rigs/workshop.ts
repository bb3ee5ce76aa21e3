/** @file A project in a folder of its own, planned and run in the test's process. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Json } from '../../base/json.ts';
import type { Event, EventOf, EventType } from '../../engine/event.ts';
import { readLockFile } from '../../engine/lock/file.ts';
import type { Graph } from '../../engine/pipeline/graph.ts';
import { loadPipeline } from '../../engine/pipeline/load.ts';
import type { Registry } from '../../engine/pipeline/registry.ts';
import { planRun } from '../../engine/plan/asking.ts';
import type { Plan } from '../../engine/plan/plan.ts';
import { selectTargets } from '../../engine/plan/targets.ts';
import { findProject, type Project } from '../../engine/project.ts';
import type { RunResult } from '../../engine/run/result.ts';
import { type RunOptions, runPipeline } from '../../engine/run/run.ts';

export interface CallOptions extends Omit<RunOptions, 'targets'> {
  readonly only?: readonly string[];
  readonly with?: { readonly [name: string]: Json };
  readonly file?: string;
  /** Told of every event as it happens. */
  readonly hear?: (event: Event) => void;
}

/** A run as a test reads it. */
export interface Ran {
  readonly result: RunResult;
  readonly events: readonly Event[];
  /** `{one: 'ran', two: 'fresh'}` */
  readonly actions: { readonly [stage: string]: string };
  of<T extends EventType>(type: T): EventOf<T>[];
}

export interface Workshop {
  readonly root: string;
  readonly project: Project;
  path(name: string): string;
  write(name: string, text: string): void;
  read(name: string): string;
  has(name: string): boolean;
  list(name: string): string[];
  graph(options?: CallOptions): Promise<Graph>;
  plan(options?: CallOptions): Promise<Plan>;
  run(options?: CallOptions): Promise<Ran>;
}

export function workshop(files: { readonly [name: string]: string }, registry?: Registry): Workshop {
  const root = mkdtempSync(join(tmpdir(), 'workshop-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const path = (name: string): string => join(root, name);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  const project = findProject(path('p.yaml'), {});

  async function graph({ file = 'p.yaml', with: parameters = {} }: CallOptions = {}): Promise<Graph> {
    const overrides = { with: parameters, in: {}, set: {}, cwd: root };
    const loaded = await loadPipeline(file, overrides, registry);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error, null, 1));
    return loaded.value.graph;
  }

  function settings(loaded: Graph, { only = [], hear: _, ...options }: CallOptions): RunOptions {
    const targets = selectTargets(loaded, only);
    if (!targets.ok) throw new Error(JSON.stringify(targets.error));
    return { threads: 2, jobs: 4, registry, ...options, targets: targets.value };
  }

  return {
    root,
    project,
    path,
    write,
    read: (name) => readFileSync(path(name), 'utf8'),
    has: (name) => existsSync(path(name)),
    list: (name) => readdirSync(path(name)).sort(),
    graph,
    plan: async (options = {}) => {
      const loaded = await graph(options);
      const lock = (await readLockFile(loaded.file)).entries;
      return planRun(loaded, project, { ...settings(loaded, options), lock });
    },
    run: async (options = {}) => {
      const loaded = await graph(options);
      const events: Event[] = [];
      const result = await runPipeline(loaded, project, settings(loaded, options), (event) => {
        events.push(event);
        options.hear?.(event);
      });
      return {
        result,
        events,
        actions: Object.fromEntries(result.stages.map(({ id, action }) => [id, action])),
        of: <T extends EventType>(type: T) =>
          events.filter((event): event is EventOf<T> => event.type === type),
      };
    },
  };
}

/** Labels of a plan by stage. */
export function labels(plan: Plan): { [stage: string]: string } {
  return Object.fromEntries(plan.stages.map(({ id, label }) => [id, label]));
}
