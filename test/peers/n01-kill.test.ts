import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { killRounds } from '../../bench/killing/rounds.ts';

const MAIN = join(import.meta.dirname, '../../dist/engine/cli/main.js');

describe('N1: engine or stage killed at a random moment', () => {
  it.skipIf(!existsSync('/proc/self/environ'))(
    'leaves no partial hit, no orphan, no lock, and loses no finished stage',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'warren-kill-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const project = join(folder, 'project');
      const report = await killRounds({
        folder: project,
        main: MAIN,
        rounds: 15,
        seed: 7,
        largest: 20_000_000,
      });
      expect(report).toMatchObject({ orphans: [], partial: [], lost: [], stuck: [], wrong: [] });
      expect(report.killed.engine + report.killed.stage).toBeGreaterThan(4);
    },
  );
});
