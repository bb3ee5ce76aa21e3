import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { diagnoseProfiles } from '../../engine/cli/profile-findings.ts';
import { diagnose } from '../../engine/executors/diagnose.ts';
import type { ExecutorSettings } from '../../engine/executors/settings.ts';
import type { Override, Profile } from '../../engine/settings/profiles.ts';

/** A folder that is the whole PATH, with these programs. */
function programs(files: { readonly [name: string]: string }): string {
  const folder = mkdtempSync(join(tmpdir(), 'diagnose-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  vi.stubEnv('PATH', folder);
  onTestFinished(() => void vi.unstubAllEnvs());
  return folder;
}

function profile(settings: ExecutorSettings, kinds: { readonly [kind: string]: Override } = {}): Profile {
  return { name: 'p', settings, resources: {}, kinds: new Map(Object.entries(kinds)), stages: new Map() };
}

it('this machine is whole without GPUs, unless a profile names one', async () => {
  programs({});
  const all = await diagnose({ executor: 'local' });
  expect(all.filter(({ ok }) => !ok)).toEqual([]);
  const some = await diagnose({ executor: 'local', gpus: ['GPU-1a'], memory: 2 ** 60 });
  expect(some.filter(({ ok }) => !ok).map(({ what }) => what)).toEqual(
    expect.arrayContaining(['memory', 'gpus']),
  );
});

it('the commands of a scheduler are looked for, and not called', async () => {
  const folder = programs({ qsub: 'touch "$0.called"' });
  const findings = await diagnose({
    executor: 'command',
    submit: ['qsub', '{script}'],
    poll: [`${folder}/qsub`],
    cancel: ['qdel', '{ids}'],
  });
  expect(findings).toMatchObject([
    { what: 'submit', ok: true, found: join(folder, 'qsub') },
    { what: 'poll', ok: true },
    { what: 'cancel', ok: false, found: 'qdel was not found' },
  ]);
});

it('Slurm that is not there is told with the next step', async () => {
  programs({});
  const findings = await diagnose({ executor: 'slurm' });
  expect(findings).toMatchObject([{ what: 'sbatch', ok: false, hint: expect.any(String) }]);
});

const SBATCH =
  'case "$1" in --version) echo slurm 99;; *) echo "sbatch: Job 1 to start at 2020-01-01T00:00:00" >&2;; esac';
const SINFO = "echo 'gpu*|infinite|2|8|4096|gpu:h100:4'";

it('under overrides only what is different is told', async () => {
  programs({ sbatch: SBATCH, sinfo: SINFO });
  const slurm = { executor: 'slurm' } as const;
  const other: Override = { settings: { partition: 'nope' }, resources: {} };
  const { profiles, unanswered } = await diagnoseProfiles([profile(slurm, { sft: other })], 10_000);
  expect(unanswered).toBe(false);
  expect(profiles).toMatchObject([
    {
      profile: 'p',
      executor: 'slurm',
      ok: false,
      findings: [
        { what: 'sbatch', ok: true, found: 'slurm 99' },
        {
          what: 'partition',
          ok: true,
          found: 'gpu: 2 nodes of 8 cores, 4.0 GiB, 4 GPUs (h100), at most infinite',
        },
        { what: 'jobs', ok: true, found: 'would start now' },
        { what: 'accounting', ok: true },
        { what: 'partition nope (kind sft)', ok: false, hint: 'there are: gpu' },
      ],
    },
  ]);
});

it('a profile that does not answer holds up nobody', async () => {
  programs({ sbatch: 'exec /bin/sleep 3' });
  const { profiles, unanswered } = await diagnoseProfiles(
    [profile({ executor: 'slurm' }), profile({ executor: 'local', gpus: 'none' })],
    300,
  );
  expect(unanswered).toBe(true);
  expect(profiles).toMatchObject([
    { ok: false, findings: [{ what: 'answer', found: 'did not answer within 0.3 s' }] },
    { ok: true },
  ]);
});
