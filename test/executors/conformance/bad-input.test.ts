/** What is wrong around an executor: a code, the command that failed with its output, the next step; nothing has run. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { onHost } from '../../rigs/services.ts';
import { puppets, type Ran, type StageReport, type StandOptions, stand } from '../../rigs/stand.ts';
import { type Target, targets } from '../../rigs/targets.ts';

/** A stage that would be counted, and what it asks for. */
async function attempt(target: Target, options: StandOptions, more = '', ...words: string[]): Promise<Ran> {
  const p = await puppets();
  const yaml = `name: p\nstages:\n  a: { run: ${p.run('a')}, out: { o: file }${more} }\nout: { o: a.o }\n`;
  const ran = await stand(target, { 'p.yaml': yaml }, options).run(...words);
  expect(p.count('a')).toBe(0);
  return ran;
}

const failureOf = (ran: Ran): NonNullable<StageReport['failure']> => {
  expect(ran.code).toBe(1);
  const failure = ran.stages['a']?.failure;
  expect(failure, JSON.stringify(ran)).toBeDefined();
  return failure as NonNullable<StageReport['failure']>;
};

describe.each(targets(({ name }) => ['local', 'ssh', 'slurm'].includes(name)))('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('a profile that is not there', async () => {
    expect(await attempt(target, {}, '', '--profile', 'ther')).toMatchObject({
      code: 2,
      problems: [{ code: 'unknown-profile', hint: expect.stringContaining('there') }],
    });
  });

  test('a setting of another executor', async () => {
    expect(await attempt(target, { profile: { url: 'http://x' } })).toMatchObject({
      code: 2,
      problems: [{ code: 'unknown-key' }],
    });
  });

  test('more GPUs than any machine has', async () => {
    const failure = failureOf(await attempt(target, {}, ', resources: { gpus: 99 }'));
    expect(failure.hint).toBeDefined();
    expect(failure.message).toMatch(/\b99\b/);
  });

  // A stage that wants more than this machine has gets all of it.
  it.skipIf(target.missing !== undefined || target.name === 'local')(
    'more memory than any machine has',
    async () => {
      const failure = failureOf(await attempt(target, {}, ', resources: { memory: 999T }'));
      expect(failure.code).toMatch(/^[a-z]+(-[a-z]+)+$/);
      expect(failure.hint).toBeDefined();
    },
  );
});

describe.each(targets(({ name }) => name === 'slurm'))('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('a partition that does not exist', async () => {
    const failure = failureOf(await attempt(target, { profile: { partition: 'no-such-partition' } }));
    expect(failure).toMatchObject({
      code: 'no-partition',
      command: expect.stringContaining('sbatch'),
      output: expect.stringContaining('invalid partition'),
      hint: expect.any(String),
    });
  });

  test('a flag that sbatch does not know', async () => {
    const failure = failureOf(await attempt(target, { profile: { flags: ['--no-such-flag'] } }));
    expect(failure).toMatchObject({
      output: expect.stringContaining('--no-such-flag'),
      hint: expect.any(String),
    });
  });

  test('sbatch is not installed', async () => {
    const bin = pathWithout(['sbatch']);
    const failure = failureOf(await attempt(target, { env: { PATH: bin } }));
    expect(failure).toMatchObject({ code: 'no-slurm', hint: expect.any(String) });
    expect(failure.message).toContain('sbatch');
  });

  test('sbatch says that it got no answer, and has submitted all the same: the job is found, not submitted again', async () => {
    const bin = scratch();
    const real = execFileSync('sh', ['-c', 'command -v sbatch'], { encoding: 'utf8' }).trim();
    writeFileSync(
      join(bin, 'sbatch'),
      `#!/bin/sh
[ "$1" = --test-only ] || echo call >> ${bin}/calls
${real} "$@" >/dev/null
echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2
exit 1
`,
    );
    chmodSync(join(bin, 'sbatch'), 0o755);
    const p = await puppets();
    const yaml = `name: p\nstages:\n  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }\nout: { o: a.o }\n`;
    const s = stand(target, { 'p.yaml': yaml }, { env: { PATH: `${bin}:${process.env['PATH']}` } });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    await a.write(a.words[0] as string, 'once');
    a.exit();
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect(p.count('a')).toBe(1);
    expect(readFileSync(join(bin, 'calls'), 'utf8')).toBe('call\n');
  });

  test('the controller is away while a stage runs: it goes on, and is told of', async () => {
    const bin = scratch();
    const real = execFileSync('sh', ['-c', 'command -v squeue'], { encoding: 'utf8' }).trim();
    const away = `echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1`;
    writeFileSync(
      join(bin, 'squeue'),
      `#!/bin/sh\n[ ! -e ${bin}/away ] || { ${away}; }\nexec ${real} "$@"\n`,
    );
    chmodSync(join(bin, 'squeue'), 0o755);
    const p = await puppets();
    const yaml = `name: p\nstages:\n  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }\nout: { o: a.o }\n`;
    const s = stand(target, { 'p.yaml': yaml }, { env: { PATH: `${bin}:${process.env['PATH']}` } });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    writeFileSync(join(bin, 'away'), '');
    const { diagnostic } = await s.until('warning');
    expect(diagnostic).toMatchObject({ code: 'executor-silent', hint: expect.any(String) });
    await a.write(a.words[0] as string, 'made meanwhile');
    a.exit();
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect(p.count('a')).toBe(1);
  });
});

describe.each(targets(({ name }) => name === 'ssh'))('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);
  const [host = ''] = target.ssh?.hosts ?? [];
  const one = (more: object): StandOptions => ({ profile: { hosts: [{ host }], ...more } });

  test('a host that nobody knows', async () => {
    const failure = failureOf(await attempt(target, one({ hosts: [{ host: 'no-such-host.invalid' }] })));
    expect(failure).toMatchObject({
      code: 'host-unknown',
      command: expect.stringContaining('ssh'),
      output: expect.stringContaining('no-such-host.invalid'),
      hint: expect.any(String),
    });
  });

  test('a key that the host does not take', async () => {
    const folder = scratch();
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'wrong')]);
    const config = readFileSync(target.ssh?.config ?? '', 'utf8');
    const own = join(folder, 'config');
    writeFileSync(own, config.replace(/IdentityFile .*/g, `IdentityFile ${join(folder, 'wrong')}`));
    expect(failureOf(await attempt(target, one({ config: own })))).toMatchObject({
      code: 'auth-refused',
      output: expect.stringContaining('Permission denied'),
      hint: expect.any(String),
    });
  });

  test('Node.js is not there', async () => {
    expect(failureOf(await attempt(target, one({ node: '/no/such/node' })))).toMatchObject({
      code: 'no-node',
      hint: expect.any(String),
    });
  });

  test('Node.js is too old', async () => {
    // In a folder that the host shares.
    const folder = scratch();
    const old = join(folder, 'old-node');
    writeFileSync(
      old,
      `#!/bin/sh\n[ "$1" != --version ] || { echo v16.20.2; exit; }\nexec ${process.execPath} "$@"\n`,
    );
    chmodSync(old, 0o755);
    const failure = failureOf(await attempt(target, one({ node: old })));
    expect(failure).toMatchObject({ code: 'node-too-old', hint: expect.any(String) });
    expect(failure.message).toContain('16.20.2');
  });

  test('a root that cannot be written', async () => {
    expect(failureOf(await attempt(target, one({ root: '/proc/warren' })))).toMatchObject({
      code: 'remote-not-writable',
      hint: expect.any(String),
    });
  });

  test('a full disk: for the inputs, and by what a stage writes', async () => {
    const rig = target.ssh;
    if (rig === undefined) throw new Error('a test without its hosts has to skip itself');
    const root = join(rig.scratch, `small-${process.pid}`);
    onHost(rig, host, `mkdir -p ${root} && mount -t tmpfs -o size=24m tmpfs ${root}`);
    onTestFinished(() => void onHost(rig, host, `umount -l ${root}; rmdir ${root}`));
    const yaml = `name: p
in: { data: ./data.bin }
stages:
  a: { run: "wc -c < \${in.data} > \${out.o}", in: { data: in.data }, out: { o: file } }
  b: { run: "head -c 40000000 /dev/urandom > \${out.o}", out: { o: file } }
out: { o: a.o, b: b.o }
`;
    // Random, so that it is not small on its way.
    const data = execFileSync('head', ['-c', '30000000', '/dev/urandom'], { maxBuffer: 2 ** 26 }).toString(
      'latin1',
    );
    const s = stand(target, { 'p.yaml': yaml, 'data.bin': data }, one({ root }));
    const ran = await s.run('--keep-going');
    expect(ran.code).toBe(1);
    expect(ran.stages['a']?.failure).toMatchObject({ code: 'remote-disk-full', hint: expect.any(String) });
    // Its wrapper tells of the end in spite of it: nothing is lost, and nothing tried again.
    expect(ran.stages['b']?.failure).toMatchObject({
      code: expect.stringMatching(/^(remote-)?disk-full$/),
      hint: expect.any(String),
    });
    expect(ran.stages['b']?.retries).toBeUndefined();
    // The disk of the host has room again: the same call succeeds.
    onHost(rig, host, `mount -o remount,size=400m ${root}`);
    expect((await s.run()).code).toBe(0);
  });
});

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bad-input-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A PATH with everything but these programs. */
function pathWithout(names: readonly string[]): string {
  const folder = scratch();
  execFileSync(
    'sh',
    ['-c', `for d in $(echo $PATH | tr : ' '); do ln -s $d/* . 2>/dev/null; done; rm -f ${names.join(' ')}`],
    { cwd: folder },
  );
  return folder;
}
