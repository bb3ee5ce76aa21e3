/**
 * @file An engine in a process of its own that is killed at a moment: `mortal-engine PIPELINE FOLDER MOMENT`. Its stages go
 * to the scheduler in the folder, or to where settings (JSON) in place of the folder say.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { ok } from '../../base/result.ts';
import type { Event } from '../../engine/event.ts';
import type { Executor } from '../../engine/executors/contract.ts';
import { openExecutor } from '../../engine/executors/open.ts';
import type { ExecutorSettings } from '../../engine/executors/settings.ts';
import { loadPipeline } from '../../engine/pipeline/load.ts';
import { findProject } from '../../engine/project.ts';
import { runPipeline } from '../../engine/run/run.ts';
import { FOLDER, folderExecutor, type Moment } from './folder-executor.ts';

const [file = '', where = '', moment] = process.argv.slice(2);
const settings = where.startsWith('{') ? (JSON.parse(where) as ExecutorSettings) : FOLDER;
const strike = (at: Moment | 'started' | 'left' | 'collected'): void => {
  if (at === moment) process.kill(process.pid, 'SIGKILL');
};
const loaded = await loadPipeline(file, { with: {}, in: {}, set: {}, cwd: process.cwd() });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
const profiles = new Map([
  ['folder', { name: 'folder', settings, resources: {}, kinds: new Map(), stages: new Map() }],
]);
// Where the record is about to get its name.
const link = fs.linkSync;
fs.linkSync = (from, to) => {
  if (String(to).includes('/cache/actions/')) strike('collected');
  link(from, to);
};
syncBuiltinESMExports();
await runPipeline(
  loaded.value.graph,
  findProject(file, {}),
  {
    targets: loaded.value.graph.stages.map(({ id }) => id),
    threads: 2,
    profiles,
    profile: 'folder',
    open: async (...of) => {
      if (settings === FOLDER) return ok(folderExecutor(where, strike));
      const opened = await openExecutor(...of);
      return opened.ok ? ok(struckOnLeaving(opened.value)) : opened;
    },
  },
  ({ type }: Event) => {
    if (type === 'stage-started') strike('started');
  },
);

/** When nothing of the attempt is left on its host. */
function struckOnLeaving(executor: Executor): Executor {
  const { site } = executor;
  if (site === undefined) return executor;
  const leave: typeof site.leave = async (...of) => {
    const left = await site.leave(...of);
    strike('left');
    return left;
  };
  return { ...executor, site: { ...site, leave } };
}
