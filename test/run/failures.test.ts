import { describe, expect, it } from 'vitest';
import { labels, type Ran, type Workshop, workshop } from '../rigs/workshop.ts';

/** One stage with one output. */
function single(run: string, out = 'file', more = ''): Workshop {
  return workshop({
    'p.yaml': `name: one\nstages:\n  a: { run: ${JSON.stringify(run)}, out: { o: ${out} } ${more} }\nout: { o: a.o }\n`,
  });
}

function failureOf(ran: Ran, stage = 'a'): unknown {
  return ran.of('stage-done').find((event) => event.stage === stage)?.failure;
}

describe('a failing stage', () => {
  it.each([
    ['echo why >&2; exit 3', { code: 'exit-non-zero', message: 'It exited with code 3.', exitCode: 3 }],
    ['kill -9 $$', { code: 'killed', signal: 'SIGKILL' }],
    [':', { code: 'output-missing', message: 'It ended well, but out.o was not produced.' }],
    [`mkdir \${out.o}`, { code: 'output-invalid' }],
    [`ln -s /etc/hostname \${out.o}`, { code: 'symlink-escapes' }],
    [`mkfifo \${out.o}`, { code: 'special-file' }],
  ])('%s', async (run, failure) => {
    const w = single(run);
    const ran = await w.run();
    expect(ran.result.outcome).toBe('failed');
    expect(failureOf(ran)).toMatchObject(failure);
    expect(w.has('out')).toBe(false);
    expect(w.has('.warren/cache/actions')).toBe(false);
  });

  it.each([
    [`mkdir \${out.o}/d; ln -s ../../../x \${out.o}/d/l`, 'folder', 'symlink-escapes'],
    [':', 'model', 'output-missing'],
    [`rmdir \${out.o}`, 'folder', 'output-missing'],
    [`echo nope > \${out.o}`, 'metrics', 'output-invalid'],
  ])('%s for a %s', async (run, type, code) => {
    expect(failureOf(await single(run, type).run())).toMatchObject({ code });
  });

  it('that cannot be started', async () => {
    const w = workshop({
      'p.yaml': 'name: one\nstages:\n  a: { run: [no-such-program, x], out: { o: file } }\n',
    });
    expect(failureOf(await w.run())).toMatchObject({
      code: 'command-not-found',
      message: '"no-such-program" was not found.',
    });
  });

  it('that runs too long', async () => {
    const ran = await single('sleep 600 & wait', 'file', ', resources: { time: 0.2 }').run();
    expect(failureOf(ran)).toMatchObject({ code: 'timeout' });
  });

  it('that asks for more GPUs than any machine has', async () => {
    const ran = await single(`echo > \${out.o}`, 'file', ', resources: { gpus: 999 }').run();
    expect(failureOf(ran)).toMatchObject({ code: 'gpus-too-many' });
  });

  it('keeps its log, and is told apart from a new one the next time', async () => {
    const w = single('echo hello; exit 1');
    const ran = await w.run();
    const { log } = failureOf(ran) as { log: string };
    expect(w.read(log)).toBe('hello\n');
    expect((await w.plan()).stages[0]?.because).toEqual([{ kind: 'failed' }]);
  });

  it('does not touch an earlier result', async () => {
    const w = single(`echo good > \${out.o}`);
    await w.run();
    w.write('p.yaml', w.read('p.yaml').replace('echo good', 'exit 1; echo good'));
    await w.run();
    expect(w.read('out/one/o')).toBe('good\n');
    w.write('p.yaml', w.read('p.yaml').replace('exit 1; ', ''));
    expect((await w.run()).actions).toEqual({ a: 'fresh' });
  });

  it('what was not declared is discarded, wherever a stage puts it beside its outputs', async () => {
    const w = single(`echo x > \${out.o}/x; echo y > \${out.o}/../y; echo z > \${out.o}/../../z`, 'folder');
    expect((await w.run()).result.outcome).toBe('done');
    expect(w.list('out/one/o')).toEqual(['x']);
    expect(w.has('.warren/attempts') && w.list('.warren/attempts')).toEqual([]);
  });
});

describe('after a failure', () => {
  const TWO = `name: two
stages:
  bad: { run: "exit 1", out: { o: file } }
  below: { run: [cp, -p, "\${in.o}", "\${out.o}"], in: { o: bad.o }, out: { o: file } }
  other: { run: "echo x > \${out.o}", out: { o: file } }
  more: { run: [cp, "\${in.o}", "\${out.o}"], in: { o: other.o }, out: { o: file } }
`;

  it('nothing more is started', async () => {
    const ran = await workshop({ 'p.yaml': TWO }).run({ jobs: 1 });
    expect(ran.actions).toEqual({ bad: 'failed', below: 'skipped', other: 'cancelled', more: 'cancelled' });
    expect(ran.of('stage-done').map(({ reason }) => reason)).toContain('needs bad');
  });

  it('--keep-going goes on with what does not need it', async () => {
    const ran = await workshop({ 'p.yaml': TWO }).run({ jobs: 1, keepGoing: true });
    expect(ran.actions).toEqual({ bad: 'failed', below: 'skipped', other: 'ran', more: 'ran' });
    expect(ran.result.outcome).toBe('failed');
  });

  it('what was done stays done', async () => {
    const w = workshop({ 'p.yaml': TWO });
    await w.run({ keepGoing: true });
    expect(labels(await w.plan())).toEqual({ bad: 'run', below: 'run', other: 'fresh', more: 'fresh' });
  });
});
