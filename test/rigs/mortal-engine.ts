/**
 * @file An engine in a process of its own that is killed at a moment: `mortal-engine PIPELINE FOLDER MOMENT`. Its stages go
 * to the scheduler in the folder.
 */

import { ok } from '../../base/result.ts';
import type { Event } from '../../engine/event.ts';
import { loadPipeline } from '../../engine/pipeline/load.ts';
import { findProject } from '../../engine/project.ts';
import { runPipeline } from '../../engine/run/run.ts';
import { FOLDER, folderExecutor, type Moment } from './folder-executor.ts';

const [file = '', folder = '', moment] = process.argv.slice(2);
const strike = (at: Moment | 'started'): void => {
  if (at === moment) process.kill(process.pid, 'SIGKILL');
};
const loaded = await loadPipeline(file, { with: {}, in: {}, set: {}, cwd: process.cwd() });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
const profiles = new Map([
  ['folder', { name: 'folder', settings: FOLDER, resources: {}, kinds: new Map(), stages: new Map() }],
]);
await runPipeline(
  loaded.value.graph,
  findProject(file, {}),
  {
    targets: loaded.value.graph.stages.map(({ id }) => id),
    threads: 2,
    profiles,
    profile: 'folder',
    open: () => Promise.resolve(ok(folderExecutor(folder, strike))),
  },
  ({ type }: Event) => {
    if (type === 'stage-started') strike('started');
  },
);
