/** An attempt is gone without a word: killed with its wrapper, with its node, preempted, cancelled by others. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Puppet, Puppets } from '../../rigs/puppets.ts';
import { onHost, RIGS } from '../../rigs/services.ts';
import { puppets, type Stand, stand } from '../../rigs/stand.ts';
import { FRAGILE, type Target, targets } from '../../rigs/targets.ts';

function given(target: Target, p: Puppets, profile: { readonly [name: string]: unknown } = {}): Stand {
  const yaml = `name: p\nstages:\n  a: { run: ${p.run('a', 'out.o')}, out: { o: file } }\nout: { o: a.o }\n`;
  return stand(target, { 'p.yaml': yaml }, { profile });
}

async function succeed(puppet: Puppet, text: string): Promise<void> {
  await puppet.write(puppet.words[0] as string, text);
  puppet.exit();
}

describe.each(targets(({ survives }) => survives))('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  // Slurm is asked alike in all three ways; a minute of patience once is enough.
  const alike = ['command', 'slurm via ssh'].includes(target.name);
  const tested = it.skipIf(target.missing !== undefined || alike);

  tested('wrapper and command killed together: lost, and made again without being asked', async () => {
    const p = await puppets();
    const s = given(target, p);
    const going = s.start();
    const first = await going.meet(p.next('a'));
    const record = await first.read(join(dirname(first.env['TMPDIR'] as string), 'job/start'));
    const { pid } = JSON.parse(record as string) as { pid: number };
    kill(target, first, [pid, -first.pid, first.pid]);
    await first.gone;
    await succeed(await going.meet(p.next('a')), 'second');
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect(s.events('stage-retrying')).toMatchObject([{ cause: 'node-lost' }]);
    expect(s.tree.read('out/p/o')).toBe('second');
    expect(p.count('a')).toBe(2);
  });

  test('the command killed by somebody: its wrapper tells', async () => {
    const p = await puppets();
    const s = given(target, p);
    const going = s.start();
    const first = await going.meet(p.next('a'));
    kill(target, first, [first.pid]);
    expect(await going.done).toMatchObject({
      code: 1,
      stages: { a: { action: 'failed', failure: { code: 'killed', signal: 'SIGKILL' } } },
    });
  });
});

describe.each(targets(({ name }) => name === 'slurm'))('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);
  const slurm = (...argv: [string, ...string[]]): string =>
    execFileSync(argv[0], argv.slice(1), { env: { ...process.env, ...target.env }, encoding: 'utf8' });

  test('cancelled by somebody else: failed, as meant', async () => {
    const p = await puppets();
    const s = given(target, p);
    const going = s.start();
    const a = await going.meet(p.next('a'));
    slurm('scancel', a.env['SLURM_JOB_ID'] ?? (await idOf(a)));
    const { code, stages } = await going.done;
    expect(code).toBe(1);
    expect(stages['a']?.action).toBe('failed');
    expect(p.count('a')).toBe(1);
  });

  test('its node goes down: made again', async () => {
    const p = await puppets();
    const s = given(target, p, { flags: [`--nodelist=${FRAGILE}`] });
    const going = s.start();
    const first = await going.meet(p.next('a'));
    const folder = target.slurm?.folder ?? '';
    process.kill(Number(readFileSync(join(folder, 'run', `slurmd-${FRAGILE}.pid`), 'utf8')), 'SIGKILL');
    slurm('scontrol', 'update', `nodename=${FRAGILE}`, 'state=down', 'reason=test');
    execFileSync('bash', [join(RIGS, 'slurm-up.sh')], {
      env: { ...process.env, SLURM_RIG_DIR: folder },
      stdio: 'ignore',
    });
    const second = await going.meet(p.next('a'));
    await succeed(second, 'second');
    expect((await going.done).code).toBe(0);
    expect(s.events('stage-retrying')).toMatchObject([{ cause: 'node-lost' }]);
    first.exit();
  });

  test('preempted: made again, and not counted as a retry that was asked for', async () => {
    const p = await puppets();
    const s = given(target, p, {
      partition: 'spot',
      flags: [`--nodelist=${FRAGILE}`, '--exclusive'],
    });
    const going = s.start();
    const first = await going.meet(p.next('a'));
    const id = slurm(
      'sbatch',
      '--parsable',
      '-p',
      'gpu',
      '-w',
      FRAGILE,
      '--exclusive',
      '-o',
      '/dev/null',
      '--wrap',
      'true',
    ).trim();
    await first.gone;
    const second = await going.meet(p.next('a'));
    await succeed(second, 'second');
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect(s.tree.read('out/p/o')).toBe('second');
    expect(p.count('a')).toBe(2);
    slurm('scancel', id);
  });
});

async function idOf(puppet: Puppet): Promise<string> {
  const record = await puppet.read(join(dirname(puppet.env['TMPDIR'] as string), 'job/start'));
  return (JSON.parse(record as string) as { id: string }).id;
}

/** SIGKILL, on the machine where it runs. */
function kill({ ssh }: Target, { host }: Puppet, pids: readonly number[]): void {
  if (ssh !== undefined) {
    onHost(
      ssh,
      host,
      pids
        .map((pid) => `kill -9 -- ${pid} 2>/dev/null`)
        .concat('true')
        .join('; '),
    );
    return;
  }
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone with the one before.
    }
  }
}
