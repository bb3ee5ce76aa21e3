/** Any scheduler by templates: words, states, and the whole of it on a real scheduler. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandExecutor } from '../../../engine/executors/command/command.ts';
import { idOf, statesOf } from '../../../engine/executors/command/states.ts';
import { expressed, fill, requestValues } from '../../../engine/executors/command/template.ts';
import { jobFolder } from '../../../engine/executors/records/wrapper.ts';
import type { CommandSettings } from '../../../engine/executors/settings.ts';
import { NO_RESOURCES } from '../../../engine/pipeline/graph.ts';
import { attempt, line, submitted, until } from '../../rigs/jobs.ts';
import { slurmRig } from '../../rigs/services.ts';

describe('a template', () => {
  it('keeps each word one word, whatever is in a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (folder, ids) => {
        const words = fill(['q', '-d{folder}', '{ids}', '--all={ids}', '{other}'], { folder, ids });
        expect(words).toEqual(['q', `-d${folder}`, ...ids, `--all=${ids.join(',')}`, '{other}']);
      }),
    );
  });

  it('leaves out what belongs to something that was not asked for', () => {
    const template = [
      'qsub',
      ['-l', 'mem={memory_mb}M'],
      ['-l', 'gpu={gpus}'],
      ['-x', 'y'],
      '-c{cpus}',
    ] as const;
    const words = (more: object) => fill(template, requestValues({ ...NO_RESOURCES, ...more }));
    expect(words({})).toEqual(['qsub', '-x', 'y', '-c0']);
    expect(words({ memory: 2 ** 21, cpus: 1.5 })).toEqual(['qsub', '-l', 'mem=2M', '-x', 'y', '-c2']);
  });

  it('refuses what it has no words for', () => {
    const said = (template: CommandSettings['submit'], more: object) =>
      expressed(template, { ...NO_RESOURCES, ...more });
    expect(said(['q'], { time: 5, cpus: 1 }).ok).toBe(true);
    expect(said(['q', ['{gpus}']], { gpus: 1 }).ok).toBe(true);
    for (const more of [
      { gpus: 1 },
      { memory: 1 },
      { cpus: 2 },
      { nodes: 2 },
      { gpuType: 'a' },
      { gpuMemory: 1 },
    ]) {
      expect(said(['q'], more), JSON.stringify(more)).toMatchObject({ ok: false });
    }
  });
});

describe('what a scheduler prints', () => {
  it('is ids and states, by usual words and by the profile’s own', () => {
    const text = '12 qw\n 13   RUNNING more\n14 Eqw\n15 DONE\n16 dr\n17 strange\nnoise\n18 PREEMPTED\n';
    expect(
      [...statesOf(text, { dr: 'cancelled' })].map(([id, word]) => [
        id,
        word.kind === 'over' ? (word.cause ?? 'over') : word.kind,
      ]),
    ).toEqual([
      ['12', 'queued'],
      ['13', 'running'],
      ['14', 'over'],
      ['15', 'over'],
      ['16', 'cancelled'],
      ['18', 'preempted'],
    ]);
  });

  it('has an id: its first word, or what a pattern finds', () => {
    expect(idOf('12.host\nmore', undefined)).toBe('12.host');
    expect(idOf('Your job 12 ("a") has been submitted', 'job (\\d+)')).toBe('12');
    expect(idOf('sorry', 'job (\\d+)')).toBeUndefined();
    expect(idOf('', undefined)).toBeUndefined();
  });
});

const { rig, missing } = slurmRig();
if (missing !== undefined) console.warn(`command skipped: ${missing}`);
let root = '';
beforeAll(() => {
  process.env['SLURM_CONF'] = rig?.env.SLURM_CONF;
  root = mkdtempSync(join(tmpdir(), 'command-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const settings: CommandSettings = {
  executor: 'command',
  submit: [
    'sbatch',
    '--parsable',
    '--job-name={name}',
    '--output={folder}/job/scheduler.log',
    '--export=ALL',
    '--nodelist=rig1',
    ['--mem={memory_mb}M'],
    ['--gpus-per-node={gpus}'],
    '{script}',
  ],
  poll: ['squeue', '--me', '-h', '-t', 'all', '-o', '%i %T', '--jobs={ids}'],
  cancel: ['scancel', '{ids}'],
  find: ['squeue', '--me', '-h', '-t', 'all', '-o', '%i %j', '--name={names}'],
};
const quick = { pace: { least: 100, most: 500 }, lostAfter: 1000, grace: 1 };

describe.skipIf(missing !== undefined)('Slurm by templates', { concurrent: true, timeout: 60_000 }, () => {
  const executor = commandExecutor(settings, quick);
  afterAll(() => executor.close());

  it('runs a command with its devices and its secrets, which are on no disk', async () => {
    const submission = attempt(root, line('echo "$KEY $CUDA_VISIBLE_DEVICES" | tr a-z A-Z; exit 3'), {
      resources: { gpus: 1, memory: 2 ** 25 },
      env: { KEY: 's3cr3t' },
      secrets: ['KEY'],
    });
    const handle = await submitted(executor, submission);
    expect((await until(executor, handle, 'ended')).exit).toEqual({ kind: 'exited', code: 3 });
    const job = jobFolder(submission.folder);
    expect(readFileSync(join(job, 'out'), 'utf8')).toBe('S3CR3T 0\n');
    for (const name of readdirSync(job, { withFileTypes: true })) {
      if (name.isFile()) expect(readFileSync(join(job, name.name), 'utf8')).not.toContain('s3cr3t');
    }
  });

  it('finds by name and folder, cancels, and tells what was cancelled', async () => {
    const go = join(root, 'go');
    const submission = attempt(root, line(`until [ -e ${go} ]; do sleep 0.1; done`));
    const handle = await submitted(executor, submission);
    const found = await commandExecutor(settings, quick).find([submission, { ...submission, folder: root }]);
    expect(found.ok && found.value.get(submission.name)).toMatchObject({ id: handle.id });
    await until(executor, handle, 'running');
    await executor.cancel([handle], 1000);
    expect((await until(executor, handle, 'ended')).exit).toMatchObject({ cause: 'cancelled' });
    expect(existsSync(go)).toBe(false);
  });

  it('looks for what got no answer, before it submits again', async () => {
    const own = commandExecutor({ ...settings, id: 'none (\\d+)' }, quick);
    const submission = attempt(root, line('exit 4'));
    expect(await own.submit([submission])).toMatchObject([{ ok: false, error: { code: 'submit-doubtful' } }]);
    const handle = await submitted(own, submission);
    expect((await until(own, handle, 'ended')).exit).toEqual({ kind: 'exited', code: 4 });
    own.close();
  });

  it('says what failed', async () => {
    const script = join(root, 'refuse');
    writeFileSync(script, '#!/bin/sh\necho no such queue >&2\nexit 2\n', { mode: 0o755 });
    const refused = commandExecutor({ ...settings, submit: [script, '{name}'] }, quick);
    expect(await refused.submit([attempt(root, ['true'])])).toMatchObject([
      { ok: false, error: { code: 'submit-refused', output: 'no such queue', passing: false } },
    ]);
    const absent = commandExecutor({ ...settings, submit: ['/no/such'], poll: ['/no/such'] }, quick);
    expect(await absent.submit([attempt(root, ['true'])])).toMatchObject([{ error: { code: 'no-command' } }]);
  });
});
