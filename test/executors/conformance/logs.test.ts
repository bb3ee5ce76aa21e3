/** What a stage prints and says: while it runs, and afterwards, whole and once. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { puppets, stand } from '../../rigs/stand.ts';
import { targets } from '../../rigs/targets.ts';

const one = (run: string): string => `name: p
stages:
  a: { run: ${run}, out: { o: file } }
out: { o: a.o }
`;

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe.each(targets())('$name', (target) => {
  const test = it.skipIf(target.missing !== undefined);

  test('lines come while it runs; characters in pieces and a last line without its end are whole', async () => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': one(p.run('a', 'out.o')) });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    await a.print('first\n');
    await s.until('stage-output', ({ text }) => text === 'first');
    expect((await s.call('logs', 'a')).stdout).toBe('first');
    const [euro, mouse] = [Buffer.from('€'), Buffer.from('🐭')];
    await a.bytes(Buffer.concat([euro.subarray(0, 1)]));
    await a.print('');
    await a.bytes(Buffer.concat([euro.subarray(1), mouse.subarray(0, 3)]));
    await a.bytes(Buffer.concat([mouse.subarray(3), Buffer.from('\nlast, without its end')]));
    await s.until('stage-output', ({ text }) => text === '€🐭');
    await a.write(a.words[0] as string, 'x');
    a.exit();
    expect((await going.done).code).toBe(0);
    expect(s.events('stage-output').map(({ text }) => text)).toEqual([
      'first',
      '€🐭',
      'last, without its end',
    ]);
    expect((await s.call('logs', 'a')).stdout).toBe('first\n€🐭\nlast, without its end');
  });

  test('bytes that are no text, and codes of terminals, reach nobody raw', async () => {
    const run = JSON.stringify("printf 'a\\377b \\033[31mred\\033]0;title\\007 end\\n'; echo x > ${out.o}");
    const s = stand(target, { 'p.yaml': one(run) });
    expect((await s.run()).code).toBe(0);
    const { stdout } = await s.call('logs', 'a');
    expect(stdout).toBe('a\ufffdb \\x1b[31mred\\x1b]0;title\\x07 end');
  });

  test('five megabytes come whole, in order and once', async () => {
    const run = JSON.stringify(`seq -f '%08.0f ${'x'.repeat(90)}' 0 49999; echo x > \${out.o}`);
    const s = stand(target, { 'p.yaml': one(run) });
    expect((await s.run()).code).toBe(0);
    const whole = Array.from({ length: 50_000 }, (_, i) => `${String(i).padStart(8, '0')} ${'x'.repeat(90)}`);
    const { stdout } = await s.call('logs', 'a');
    expect(stdout.length).toBe(whole.join('\n').length);
    expect(sha(stdout)).toBe(sha(whole.join('\n')));
  });

  test('progress and metrics come while it runs, lines in pieces too; what is no message is counted', async () => {
    const p = await puppets();
    const s = stand(target, { 'p.yaml': one(p.run('a', 'out.o')) });
    const going = s.start();
    const a = await going.meet(p.next('a'));
    await a.report('{"type":"progress","step":1,"total":3,"metrics":{"loss":0.5}}\n{"type":"metric","na');
    expect(await s.until('stage-progress')).toMatchObject({ step: 1, total: 3, metrics: { loss: 0.5 } });
    await a.report(
      'me":"loss","value":0.25,"step":2}\nno message\n{"type":"note","text":"one row left out"}\n',
    );
    expect(await s.until('stage-metric')).toMatchObject({ name: 'loss', value: 0.25, step: 2 });
    await a.write(a.words[0] as string, 'x');
    a.exit();
    expect((await going.done).code).toBe(0);
    expect(s.events('stage-note').map(({ text }) => text)).toContain('one row left out');
  });
});
