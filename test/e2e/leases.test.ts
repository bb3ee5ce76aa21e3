import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { contend } from '../../bench/leasing/contend.ts';

it('engines that contend for GPUs, killed at random: none is held twice, and none is left held', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'warren-leases-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const main = join(import.meta.dirname, '../../dist/engine/cli/main.js');
  const report = await contend({ folder, main, engines: 4, gpus: 4, seconds: 4, seed: 1 });
  expect(report).toMatchObject({ failed: [], doubles: [], leaked: [], orphans: [] });
  expect(report.killed.engines + report.killed.jobs).toBeGreaterThan(0);
  expect(Object.values(report.waits).reduce((sum, { stages }) => sum + stages, 0)).toBeGreaterThan(0);
});
