/**
 * @file A project whose stages `a` and `b` may go to a scheduler in a folder, by engines that can be killed at any moment of a
 * submission.
 */
import { onTestFinished } from 'vitest';
import { ok } from '../../base/result.ts';
import { openExecutor } from '../../engine/executors/open.ts';
import type { Profile } from '../../engine/settings/profiles.ts';
import { FOLDER, folderExecutor, type Moment } from './folder-executor.ts';
import { engine } from './mortal.ts';
import { type Puppets, startPuppets } from './puppets.ts';
import { type CallOptions, type Workshop, workshop } from './workshop.ts';

const PROFILES = new Map<string, Profile>([
  ['folder', { name: 'folder', settings: FOLDER, resources: {}, kinds: new Map(), stages: new Map() }],
]);

export interface Bench {
  readonly p: Puppets;
  readonly w: Workshop;
  /** Of the scheduler. */
  readonly folder: string;
  readonly open: typeof openExecutor;
  /** A run that goes to this machine, unless the profile says otherwise. */
  run(options?: CallOptions): ReturnType<Workshop['run']>;
  /** An engine that sends its stages to the scheduler and is killed at that moment. */
  strike(moment: Moment | 'started'): Promise<string>;
}

export async function bench(more = ''): Promise<Bench> {
  const p = await startPuppets();
  onTestFinished(() => p.close());
  const w = workshop({
    'p.yaml': `name: p
in: { data: ./data.txt }
stages:
  a: { run: ${p.run('a', 'out.o', 'in.data')}, in: { data: in.data }, out: { o: file } ${more} }
  b: { run: "cat \${in.o} > \${out.o}", in: { o: a.o }, out: { o: file } }
out: { o: b.o }
`,
    'data.txt': 'data\n',
  });
  const folder = w.path('scheduler');
  const open: typeof openExecutor = async (settings, surroundings) =>
    settings.executor === 'command' ? ok(folderExecutor(folder)) : openExecutor(settings, surroundings);
  return {
    p,
    w,
    folder,
    open,
    run: (options) => w.run({ profiles: PROFILES, open, ...options }),
    strike: (moment) => engine(w.path('p.yaml'), folder, moment),
  };
}

/** Lets the next call of `a` do its work. */
export async function work(p: Puppets, text: string): Promise<void> {
  const a = await p.next('a');
  await a.print(`${text}\n`);
  await a.write(a.words[0] as string, text);
  a.exit();
}
