import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { slurmExecutor } from '../../../engine/executors/slurm/slurm.ts';

it('an attempt that was submitted twice is ended in both of its jobs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slurm-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'job/started'), { recursive: true });
  writeFileSync(join(folder, 'job/start'), '{"pid":1,"id":"77","at":1}');
  const told: string[][] = [];
  // The answer to the first submission came so late that it was made again.
  const executor = slurmExecutor(
    { executor: 'slurm' },
    {
      shell: ({ argv }) => {
        if (argv[0] === 'scancel') told.push(argv.slice(1));
        return Promise.resolve({ code: 0, stdout: '', stderr: '' });
      },
    },
  );
  await executor.cancel([{ name: 'w-1', id: '78', folder, extra: { job: 'w-1' } }], 0);
  expect(told).toEqual([['--state=PENDING', '78', '77']]);
  executor.close();
});
