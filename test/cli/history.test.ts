import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { editedFiles, readRun, runIds, startOf } from '../../engine/cli/history.ts';
import { findRun, runsOf } from '../../engine/cli/run-word.ts';
import { findProject, type Project } from '../../engine/project.ts';
import { statusLines } from '../../engine/report/status.ts';

function emptyProject(): Project {
  const root = mkdtempSync(join(tmpdir(), 'history-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return findProject(join(root, 'p.yaml'), {});
}

const RUN = '20261122T101500000-1a2b';
const started = (file: string): string =>
  `${JSON.stringify({ type: 'run-started', at: 1, run: RUN, pipeline: 'p', file, targets: [], stages: [], overrides: {} })}\n`;

it('what is no run is not taken for one', () => {
  const project = emptyProject();
  expect(runIds(project)).toEqual([]);
  mkdirSync(join(project.home, 'runs', RUN), { recursive: true });
  mkdirSync(join(project.home, 'runs', 'notes'));
  writeFileSync(join(project.home, 'runs', '20261122T101500000-zzzz'), '');
  expect(runIds(project)).toEqual([RUN]);
  expect(findRun(project, '2026')).toMatchObject({ ok: true, value: { id: RUN, alive: false } });
  expect(findRun(project, '2025')).toMatchObject({ ok: false, error: { code: 'no-run' } });
});

it('the first line of a journal tells the file, however long the line', () => {
  const project = emptyProject();
  const folder = join(project.home, 'runs', RUN);
  mkdirSync(folder, { recursive: true });
  const long = `/p/${'x'.repeat(50_000)}.yaml`;
  writeFileSync(join(folder, 'events.jsonl'), started(long) + started('/other.yaml'));
  expect(startOf(project, RUN as never)?.file).toBe(long);
  expect([...runsOf(project, long)]).toEqual([RUN]);
  expect([...runsOf(project, '/other.yaml')]).toEqual([]);
});

it('whatever lies in the folder of a run, readers do not fail', () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    fc.constant(undefined),
  );
  fc.assert(
    fc.property(junk, junk, fc.boolean(), (events, owner, begins) => {
      const project = emptyProject();
      const folder = join(project.home, 'runs', RUN);
      mkdirSync(folder, { recursive: true });
      const head = begins ? started('/p.yaml') : '';
      if (events !== undefined)
        writeFileSync(join(folder, 'events.jsonl'), Buffer.concat([Buffer.from(head), events]));
      if (owner !== undefined) writeFileSync(join(folder, 'owner.json'), owner);
      const run = readRun(project, RUN as never);
      startOf(project, RUN as never);
      editedFiles(run.tally);
      statusLines(run.tally, 0, run.alive, (path) => path);
      expect(findRun(project, undefined).ok).toBe(true);
    }),
    { numRuns: 100 },
  );
});
