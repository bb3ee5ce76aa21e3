/** How a stage ends, and that it is told alike wherever it ran. */
import { describe, expect, it } from 'vitest';
import { puppets, stand } from '../../rigs/stand.ts';
import { targets } from '../../rigs/targets.ts';

const one = (run: string, more = ''): string => `name: p
in: { data: ./data.txt }
stages:
  a: { run: ${run}, in: { data: in.data }, out: { o: file }${more} }
out: { o: a.o }
`;

describe.each(targets())('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('success: the outputs are placed, and the next run has nothing to do', async () => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': one(p.run('a', 'out.o', 'in.data')), 'data.txt': 'given' });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    const [out = '', data = ''] = a.words;
    expect(await a.read(data)).toBe('given');
    await a.write(out, 'made');
    a.exit();
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran' } } });
    expect(s.tree.read('out/p/o')).toBe('made');
    expect(await s.run()).toMatchObject({ code: 0, stages: { a: { action: 'fresh' } } });
    expect(p.count('a')).toBe(1);
  });

  test('a bad exit code: the code, the log, and 1 from the run', async () => {
    const s = stand(target, { 'p.yaml': one('"echo these were my last words; exit 3"'), 'data.txt': '' });
    const ran = await s.run();
    expect(ran).toMatchObject({
      code: 1,
      stages: { a: { action: 'failed', failure: { code: 'exit-non-zero', exitCode: 3 } } },
    });
    expect(s.tree.read(String(ran.stages['a']?.failure?.['log']))).toBe('these were my last words\n');
    expect(ran.stderr).toContain('these were my last words');
  });

  test('a signal: which one', async () => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': one(p.run('a')), 'data.txt': '' });
    const going = s.start();
    (await going.meet(p.next('a'))).die('SIGSEGV');
    expect(await going.done).toMatchObject({
      code: 1,
      stages: { a: { action: 'failed', failure: { code: 'killed', signal: 'SIGSEGV' } } },
    });
  });

  test('a program that is not there: its name', async () => {
    const s = stand(target, { 'p.yaml': one('[no-such-program-at-all]'), 'data.txt': '' });
    const { code, stages } = await s.run();
    expect(code).toBe(1);
    expect(stages['a']?.failure).toMatchObject({ code: 'command-not-found' });
    expect(stages['a']?.failure?.message).toContain('no-such-program-at-all');
  });

  test('no output where one was promised', async () => {
    const s = stand(target, { 'p.yaml': one('"true"'), 'data.txt': '' });
    expect(await s.run()).toMatchObject({
      code: 1,
      stages: { a: { action: 'failed', failure: { code: 'output-missing' } } },
    });
  });

  test('its own words about a failure count', async () => {
    const said = `echo '{"type":"failure","failure":{"code":"bad-rows","message":"Row 7 is bad."}}' >&3; exit 1`;
    const s = stand(target, { 'p.yaml': one(JSON.stringify(said)), 'data.txt': '' });
    expect(await s.run()).toMatchObject({
      code: 1,
      stages: { a: { failure: { code: 'bad-rows', message: 'Row 7 is bad.' } } },
    });
  });

  test('longer than its time: ended, with nothing left of it', async () => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': one(p.run('a'), ', resources: { time: 1 }'), 'data.txt': '' });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    await a.gone;
    const { code, stages } = await going.done;
    expect(code).toBe(1);
    expect(stages['a']?.failure).toMatchObject({ code: 'timeout', hint: 'raise resources.time' });
  });

  test('longer than its time, and it saves its state: the retry goes on from there', async () => {
    const p = await puppets();
    const retried = ', resources: { time: 2 }, retries: { max: 1, on: [timeout], grow: { time: 100 } }';
    const s = stand(target, { 'p.yaml': one(p.run('a', 'out.o'), retried), 'data.txt': '' });
    const going = s.start();
    const first = await going.meet(p.next('a'));
    await first.save(`${first.env['WARREN_STATE']}/step`, '17');
    await first.gone;
    const second = await going.meet(p.next('a'));
    expect(await second.read(`${second.env['WARREN_STATE']}/step`)).toBe('17');
    await second.write(second.words[0] as string, 'done from 17');
    second.exit();
    expect(await going.done).toMatchObject({ code: 0, stages: { a: { action: 'ran', retries: 1 } } });
    expect(s.events('stage-retrying')).toMatchObject([{ cause: 'timeout' }]);
    expect(s.tree.read('out/p/o')).toBe('done from 17');
  });

  test('longer than its time and deaf: killed after its grace, with its children', async () => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': one(p.run('a'), ', resources: { time: 1 }'), 'data.txt': '' });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    await a.deaf();
    const child = await a.leave(false);
    await a.gone;
    await target.gone(child, a.host);
    expect(await going.done).toMatchObject({ code: 1, stages: { a: { failure: { code: 'timeout' } } } });
  });

  test('a failure that is retried: an attempt each, and the outputs of the last', async () => {
    const run = JSON.stringify(
      '[ $WARREN_ATTEMPT = 3 ] || { echo try $WARREN_ATTEMPT; exit 4; }; echo ok > ${out.o}',
    );
    const s = stand(target, { 'p.yaml': one(run, ', retries: 3'), 'data.txt': '' });
    expect(await s.run()).toMatchObject({ code: 0, stages: { a: { retries: 2 } } });
    expect(s.events('stage-retrying').map(({ cause }) => cause)).toEqual(['error', 'error']);
    expect(s.tree.read('out/p/o')).toBe('ok\n');
  });
});
