/** Attempts that killed engines left elsewhere: listed, told of where nobody needs them, and ended. */
import { rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLocks } from '../../cache/locks.ts';
import { endAttempts } from '../../engine/run/left/end.ts';
import { leftAttempts } from '../../engine/run/left/list.ts';
import { jobsIn, mark } from '../rigs/folder-executor.ts';
import { bench, work } from '../rigs/struck.ts';

describe('what a killed engine left', () => {
  it('is listed until it is collected', async () => {
    const { p, w, folder, run, strike } = await bench();
    expect(leftAttempts(w.project)).toEqual({ attempts: [], unreadable: [] });
    await strike('running');
    const [name] = jobsIn(folder);
    expect(leftAttempts(w.project).attempts).toMatchObject([
      {
        intent: { stage: 'a', profile: 'folder', file: 'p.yaml', name },
        handle: { id: name },
        ended: false,
        followed: false,
      },
    ]);
    const next = run();
    await expect.poll(() => leftAttempts(w.project).attempts[0]?.followed).toBe(true);
    await work(p, 'made');
    await next;
    expect(leftAttempts(w.project).attempts).toEqual([]);
  });

  it('is counted where nobody can read what it was', async () => {
    const { p, w, strike } = await bench();
    await strike('submitted');
    const first = await p.next('a');
    const [attempt] = w.list('.warren/attempts');
    w.write(`.warren/attempts/${attempt}/1/submission.json`, '{');
    expect(leftAttempts(w.project)).toEqual({
      attempts: [],
      unreadable: [w.path(`.warren/attempts/${attempt}`)],
    });
    first.exit();
  });

  it('is ended, whatever runs, and its folder is clean', async () => {
    const { p, w, open, strike } = await bench();
    await strike('running');
    const first = await p.next('a');
    const { attempts } = leftAttempts(w.project);
    expect(await endAttempts(w.project, attempts, { grace: 1000, open })).toEqual([{ kind: 'ended' }]);
    await first.gone;
    expect(leftAttempts(w.project).attempts).toEqual([]);
    expect(w.list(`.warren/attempts/${w.list('.warren/attempts')[0]}/1`)).toEqual([]);
  });

  it('is nothing there if the submission never arrived', async () => {
    const { w, open, strike } = await bench();
    await strike('submitting');
    const { attempts } = leftAttempts(w.project);
    expect(attempts).toMatchObject([{ handle: undefined }]);
    expect(await endAttempts(w.project, attempts, { grace: 0, open })).toEqual([{ kind: 'ended' }]);
    expect(leftAttempts(w.project).attempts).toEqual([]);
  });

  it('keeps a result that it made by itself for the run that needs it', async () => {
    const { p, w, open, run, strike } = await bench();
    const struck = strike('ended');
    await work(p, 'made');
    await struck;
    const { attempts } = leftAttempts(w.project);
    expect(await endAttempts(w.project, attempts, { grace: 0, open })).toEqual([{ kind: 'whole' }]);
    expect((await run()).actions).toEqual({ a: 'ran', b: 'ran' });
    expect(p.count('a')).toBe(1);
  });

  it('is left to the engine that has it in hand', async () => {
    const { p, w, open, strike } = await bench();
    await strike('running');
    const first = await p.next('a');
    const { attempts } = leftAttempts(w.project);
    const locks = openLocks(w.project.cache);
    onTestFinished(() => locks.close());
    const lock = locks.tryLock(attempts[0]?.key as never);
    expect(leftAttempts(w.project).attempts).toMatchObject([{ followed: true }]);
    expect(await endAttempts(w.project, attempts, { grace: 0, open })).toEqual([{ kind: 'followed' }]);
    if (lock.held) lock.release();
    first.exit();
  });

  it('stays known where its executor cannot be asked in time', async () => {
    const { p, w, folder, open, strike } = await bench();
    await strike('running');
    const first = await p.next('a');
    mark(folder, 'down');
    const { attempts } = leftAttempts(w.project);
    expect(await endAttempts(w.project, attempts, { grace: 0, open, patience: 300 })).toEqual([
      { kind: 'left', why: 'it has not ended within 0.3 s' },
    ]);
    rmSync(`${folder}/down`);
    expect(leftAttempts(w.project).attempts).toHaveLength(1);
    first.exit();
  });
});

describe('a run of which no stage needs it', () => {
  it('says so each time, until it is ended', async () => {
    const { p, w, open, run, strike } = await bench();
    await strike('running');
    const first = await p.next('a');
    w.write('data.txt', 'other\n');
    const next = run();
    await work(p, 'made');
    const ran = await next;
    expect(ran.actions).toEqual({ a: 'ran', b: 'ran' });
    const [warning, ...others] = ran.of('warning');
    expect(others).toEqual([]);
    expect(warning?.diagnostic).toMatchObject({
      code: 'attempts-left',
      message: expect.stringMatching(
        /^An attempt of earlier runs of this pipeline goes on elsewhere, .*: a on folder \(job w-/,
      ),
      hint: expect.stringContaining('warren cancel --left'),
    });
    expect((await run()).of('warning')).toHaveLength(1);
    await endAttempts(w.project, leftAttempts(w.project).attempts, { grace: 0, open });
    await first.gone;
    expect((await run()).of('warning')).toEqual([]);
  });

  it('says nothing of what it takes up, of stages that it is not asked for, and of another pipeline', async () => {
    const { p, w, run, strike } = await bench();
    await strike('running');
    writeFileSync(
      w.path('q.yaml'),
      'name: q\nstages: { a: { run: "true > ${out.o}", out: { o: file } } }\nout: { o: a.o }\n',
    );
    expect((await run({ file: 'q.yaml' })).of('warning')).toEqual([]);
    const next = run();
    await work(p, 'made');
    expect((await next).of('warning')).toEqual([]);
  });
});
