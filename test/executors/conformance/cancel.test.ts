/** Ctrl-C and its like: nothing is left anywhere, and the next run goes on. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Puppets } from '../../rigs/puppets.ts';
import { puppets, type StandOptions, stand } from '../../rigs/stand.ts';
import { FRAGILE, type Target, targets } from '../../rigs/targets.ts';

const two = (p: Puppets, resources = ''): string => `name: p
in: { data: ./data.txt }
stages:
  a: { run: ${p.run('a', 'out.o')}, in: { data: in.data }, out: { o: file }${resources} }
  b: { run: ${p.run('b', 'out.o')}, in: { data: in.data }, out: { o: file }${resources} }
out: { a: a.o, b: b.o }
`;

/** What makes a second stage wait behind the first. */
function queue(target: Target): StandOptions & { readonly words: readonly string[]; readonly more: string } {
  if (target.flagged !== undefined)
    return { profile: target.flagged('--hold', `--exclude=${FRAGILE}`), words: ['a'], more: '' };
  if (target.ssh === undefined) return { words: ['-j', '1'], more: '' };
  const [host] = target.ssh.hosts;
  return { profile: { hosts: [{ host, cpus: 1 }] }, words: [], more: ', resources: { cpus: 1 }' };
}

describe.each(targets())('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s while a stage runs', async (signal) => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': two(p), 'data.txt': '' });
    const going = s.start('a');
    const a = await going.meet(p.next('a'));
    const child = await a.leave(false);
    going.kill(signal);
    const ran = await going.done;
    expect(ran).toMatchObject({ code: 130, stages: { a: { action: 'cancelled' } } });
    await a.gone;
    await target.gone(child, a.host);
    // It is started afresh, not adopted.
    const again = s.start('a');
    const second = await again.meet(p.next('a'));
    await second.write(second.words[0] as string, 'second');
    second.exit();
    expect(await again.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect(p.count('a')).toBe(2);
  });

  test('while it saves its state: the next run has it', async () => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': two(p), 'data.txt': '' });
    const going = s.start('a');
    const first = await going.meet(p.next('a'));
    await first.save(`${first.env['WARREN_STATE']}/step`, '9');
    going.kill('SIGINT');
    expect((await going.done).code).toBe(130);
    const again = s.start('a');
    const second = await again.meet(p.next('a'));
    expect(await second.read(`${second.env['WARREN_STATE']}/step`)).toBe('9');
    await second.write(second.words[0] as string, 'from 9');
    second.exit();
    expect((await again.done).code).toBe(0);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s while a stage waits for room', async (signal) => {
    const p = await puppets();
    const { words, more, ...options } = queue(target);
    const s = stand(target, { 'p.yaml': two(p, more), 'data.txt': '' }, options);
    const going = s.start(...words);
    if (target.flagged === undefined) {
      const first = await going.meet(Promise.race([p.next('a'), p.next('b')]));
      const waiting = first.name === 'a' ? 'b' : 'a';
      if (target.ssh !== undefined)
        await s.until('stage-placed', ({ stage, state }) => stage === waiting && state === 'queued');
      going.kill(signal);
      expect(await going.done).toMatchObject({ code: 130, stages: { [waiting]: { action: 'cancelled' } } });
      expect(p.count(waiting)).toBe(0);
      return;
    }
    const { job = '' } = await s.until('stage-placed', ({ state }) => state === 'queued');
    expect(jobsOf(target, job)).toBe('PENDING');
    going.kill(signal);
    expect(await going.done).toMatchObject({ code: 130, stages: { a: { action: 'cancelled' } } });
    expect(jobsOf(target, job)).toBe('CANCELLED');
    expect(p.count('a')).toBe(0);
  });

  test('twice: what does not listen is killed at once', async () => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': two(p), 'data.txt': '' });
    const going = s.start('a');
    const a = await going.meet(p.next('a'));
    await a.deaf();
    const child = await a.leave(false);
    going.kill('SIGINT');
    going.kill('SIGTERM');
    const { code, stderr } = await going.done;
    expect(code).toBe(130);
    expect(stderr).toContain('Ending what runs.');
    await a.gone;
    await target.gone(child, a.host);
  });
});

/** The state of a job of this name or id. */
function jobsOf({ slurm }: Target, job: string): string {
  const all = execFileSync('squeue', ['-h', '-t', 'all', '-o', '%A %F_%K %j %T'], {
    env: { ...process.env, ...slurm?.env },
    encoding: 'utf8',
  });
  return (
    all
      .split('\n')
      .map((line) => line.split(' '))
      .find((words) => words.slice(0, 3).includes(job))?.[3] ?? 'unknown'
  );
}
