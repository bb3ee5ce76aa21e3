/**
 * The engine is killed at some moment, and a later run, under whichever profile, goes on: what lives with the engine ends and
 * resumes from its state; what does not is taken up again and has run exactly once.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { Puppets } from '../../rigs/puppets.ts';
import { puppets, type Stand, stand } from '../../rigs/stand.ts';
import { FRAGILE, type Target, targets } from '../../rigs/targets.ts';

const one = (p: Puppets): string => `name: p
in: { data: ./data.txt }
stages:
  a: { run: ${p.run('a', 'out.o', 'in.data')}, in: { data: in.data }, out: { o: file } }
out: { o: a.o }
`;

function given(target: Target, p: Puppets, profile: { readonly [name: string]: unknown } = {}): Stand {
  return stand(target, { 'p.yaml': one(p), 'data.txt': 'x' }, { profile });
}

const survivors = targets(({ survives }) => survives);

describe.each(targets(({ survives }) => !survives))('$name, the engine killed', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('while a stage runs: it ends with the engine, and the next run goes on from its state', async () => {
    const p = await puppets();
    const s = given(target, p);
    const going = s.start();
    const first = await going.meet(p.next('a'));
    const child = await first.leave(true);
    await first.write(`${first.env['WARREN_STATE']}/step`, '5');
    going.kill('SIGKILL');
    await going.done;
    await first.gone;
    await target.gone(child, first.host);
    const again = s.start();
    const second = await again.meet(p.next('a'));
    expect(await second.read(`${second.env['WARREN_STATE']}/step`)).toBe('5');
    await second.write(second.words[0] as string, 'from 5');
    second.exit();
    expect(await again.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect(p.count('a')).toBe(2);
  });
});

describe.each(survivors)('$name, the engine killed', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  describe.each([['the same profile'], ['another profile', '--profile', 'local']])(
    'then %s:',
    (_, ...words) => {
      test('while a stage runs: it goes on, is taken up, and what it said before and after comes whole', async () => {
        const p = await puppets();
        const s = given(target, p);
        const going = s.start();
        const a = await going.meet(p.next('a'));
        await a.print('before\n');
        await s.until('stage-output', ({ text }) => text === 'before');
        going.kill('SIGKILL');
        await going.done;
        await a.print('alone\n');
        const again = s.start(...words);
        // The journal of the run that was killed tells of one, too.
        await s.until('stage-placed', ({ state, adopted }) => state === 'running' && adopted === true);
        await a.print('after\n');
        await s.until('stage-output', ({ text }) => text === 'after');
        await a.write(a.words[0] as string, 'made once');
        a.exit();
        expect(await again.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
        expect(s.tree.read('out/p/o')).toBe('made once');
        expect(s.events('stage-output').map(({ text }) => text)).toEqual(
          expect.arrayContaining(['alone', 'after']),
        );
        expect(p.count('a')).toBe(1);
      });

      test('and it ends before anybody looks: its result is collected', async () => {
        const p = await puppets();
        const s = given(target, p);
        const going = s.start();
        const a = await going.meet(p.next('a'));
        going.kill('SIGKILL');
        await going.done;
        await a.print('nobody hears this now\n');
        await a.write(a.words[0] as string, 'made alone');
        a.exit();
        await a.gone;
        expect(await s.run(...words)).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
        expect(s.tree.read('out/p/o')).toBe('made alone');
        expect((await s.call('logs', 'a')).stdout).toContain('nobody hears this now');
        expect(p.count('a')).toBe(1);
      });
    },
  );

  test('and it fails before anybody looks: its failure is told', async () => {
    const p = await puppets();
    const s = given(target, p);
    const going = s.start();
    const a = await going.meet(p.next('a'));
    going.kill('SIGKILL');
    await going.done;
    await a.print('why it failed\n');
    a.exit(9);
    await a.gone;
    expect(await s.run()).toMatchObject({
      code: 1,
      stages: { a: { action: 'failed', failure: { code: 'exit-non-zero', exitCode: 9 } } },
    });
    expect(p.count('a')).toBe(1);
  });

  test('again and again: the same attempt is taken up each time', async () => {
    const p = await puppets();
    const s = given(target, p);
    let going = s.start();
    const a = await going.meet(p.next('a'));
    for (let round = 0; round < 3; round++) {
      going.kill('SIGKILL');
      await going.done;
      going = s.start();
      await s.until('stage-placed', ({ adopted }) => adopted === true);
    }
    await a.write(a.words[0] as string, 'made once');
    a.exit();
    expect((await going.done).code).toBe(0);
    expect(p.count('a')).toBe(1);
  });

  test('the next run is interrupted: the attempt it took up is cancelled', async () => {
    const p = await puppets();
    const s = given(target, p);
    const going = s.start();
    const a = await going.meet(p.next('a'));
    going.kill('SIGKILL');
    await going.done;
    const again = s.start();
    await s.until('stage-placed', ({ adopted }) => adopted === true);
    again.kill('SIGINT');
    expect((await again.done).code).toBe(130);
    await a.gone;
    expect(p.count('a')).toBe(1);
  });
});

describe.each(survivors)('$name, the engine killed as soon as', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test.each([
    ['the attempt has a folder', /1$/],
    ['its intent is written', /submission\.json$/],
    ['its handle is written', /handle\.json$/],
  ])('%s: it has run once when the next run is done', async (_, moment) => {
    const p = await puppets();
    const s = given(target, p);
    const going = s.start();
    await vi.waitFor(() => expect(attempts(s).some((path) => moment.test(path))).toBe(true), {
      timeout: 30_000,
      interval: 1,
    });
    going.kill('SIGKILL');
    await going.done;
    const again = s.start();
    const a = await again.meet(p.next('a'));
    await a.write(a.words[0] as string, 'made');
    a.exit();
    expect((await again.done).code).toBe(0);
    expect(p.count('a')).toBe(1);
  });
});

describe.each(survivors.filter(({ flagged }) => flagged !== undefined))(
  '$name, the engine killed',
  (target) => {
    const test = it.skipIf(target.missing !== undefined);

    test('while a job is queued: whoever comes next waits for the same job', async () => {
      const p = await puppets();
      const s = given(target, p, target.flagged?.('--hold', `--exclude=${FRAGILE}`));
      const going = s.start();
      const { job = '' } = await s.until('stage-placed', ({ state }) => state === 'queued');
      going.kill('SIGKILL');
      await going.done;
      const again = s.start('--profile', 'local');
      expect(await s.until('stage-placed')).toMatchObject({ state: 'queued', adopted: true, job });
      release(target, job);
      const a = await again.meet(p.next('a'));
      await a.write(a.words[0] as string, 'made');
      a.exit();
      expect((await again.done).code).toBe(0);
      expect(p.count('a')).toBe(1);
    });
  },
);

describe.each(survivors.filter(({ ssh }) => ssh !== undefined))('$name, the engine killed', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('while one stage runs and another waits for room: the one is taken up, the other follows', async () => {
    const p = await puppets();
    const yaml = `name: p
stages:
  a: { run: ${p.run('a', 'out.o')}, out: { o: file }, resources: { cpus: 1 } }
  b: { run: ${p.run('b', 'out.o')}, out: { o: file }, resources: { cpus: 1 } }
out: { a: a.o, b: b.o }
`;
    const [host] = target.ssh?.hosts ?? [];
    const s = stand(target, { 'p.yaml': yaml }, { profile: { hosts: [{ host, cpus: 1 }] } });
    const going = s.start();
    // Whoever asked first for the next one gets it, so each is asked for once.
    const next = { a: p.next('a'), b: p.next('b') };
    const first = await going.meet(Promise.race([next.a, next.b]));
    going.kill('SIGKILL');
    await going.done;
    const again = s.start();
    await s.until('stage-placed', ({ adopted }) => adopted === true);
    expect(p.count('a') + p.count('b')).toBe(1);
    await first.write(first.words[0] as string, 'one');
    first.exit();
    const second = await again.meet(first.name === 'a' ? next.b : next.a);
    await second.write(second.words[0] as string, 'two');
    second.exit();
    expect((await again.done).code).toBe(0);
    expect([p.count('a'), p.count('b')]).toEqual([1, 1]);
  });
});

function release({ slurm }: Target, job: string): void {
  // A job of this name, or of this id.
  const id = execFileSync('squeue', ['-h', '-o', '%A %j'], {
    env: { ...process.env, ...slurm?.env },
    encoding: 'utf8',
  })
    .split('\n')
    .find((line) => line.split(' ').includes(job))
    ?.split(' ')[0];
  execFileSync('scontrol', ['release', id ?? job], { env: { ...process.env, ...slurm?.env } });
}

/** Paths below the folder of attempts. */
function attempts({ tree }: Stand): string[] {
  const folder = tree.path('.warren/attempts');
  return existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : [];
}
