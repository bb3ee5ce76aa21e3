/** The controller of the cluster is away. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localShell, type Shell } from '../../../engine/executors/shell.ts';
import { slurmExecutor } from '../../../engine/executors/slurm/slurm.ts';
import { attempt, line, submitted, until } from '../../rigs/jobs.ts';
import { slurmRig } from '../../rigs/services.ts';

const { rig, missing } = slurmRig();
if (missing !== undefined) console.warn(`outages of slurm skipped: ${missing}`);

let root = '';
const quick = { pace: { least: 100, most: 500 }, lostAfter: 1000, grace: 1 };

beforeAll(() => {
  process.env['SLURM_CONF'] = rig?.env.SLURM_CONF;
  root = mkdtempSync(join(tmpdir(), 'slurm-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.skipIf(missing !== undefined)('slurm', { timeout: 60_000 }, () => {
  it('without its controller is unknown, never an end; what ends meanwhile is told by its record', async () => {
    // As the commands answer while the controller is away; the cluster is everybody's, and stays.
    let away = false;
    const shell: Shell = (ask) => {
      if (!away) return localShell(ask);
      const stderr = `${ask.argv[0]}: error: Unable to contact slurm controller (connect failure)`;
      return Promise.resolve({ code: 1, stdout: '', stderr });
    };
    const executor = slurmExecutor({ executor: 'slurm', partition: 'gpu' }, { ...quick, shell });
    const go = join(root, 'go');
    const handle = await submitted(
      executor,
      attempt(root, line(`until [ -e ${go} ]; do sleep 0.05; done; exit 9`)),
    );
    await until(executor, handle, 'running');
    executor.onChange?.(() => {});
    away = true;
    expect(await until(executor, handle, 'unknown')).toMatchObject({
      why: expect.stringContaining('does not answer'),
    });
    const refused = await executor.submit([attempt(root, ['true'])]);
    expect(refused).toMatchObject([{ ok: false, error: { code: 'slurm-away', passing: true } }]);
    expect(await executor.find([attempt(root, ['true'])])).toMatchObject({
      ok: false,
      error: { passing: true },
    });
    expect(await executor.check(attempt(root, ['true']).resources)).toMatchObject({ fits: 'later' });
    execFileSync('touch', [go]);
    expect((await until(executor, handle, 'ended')).exit).toEqual({ kind: 'exited', code: 9 });
    executor.close();
  });
});
