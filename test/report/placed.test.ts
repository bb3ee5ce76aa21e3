import { expect, it } from 'vitest';
import { renderBlock } from '../../engine/report/block.ts';
import { painter, printTo } from '../../engine/report/paint.ts';
import { plainReporter } from '../../engine/report/plain.ts';
import { statusLines } from '../../engine/report/status.ts';
import { Tally } from '../../engine/report/tally.ts';
import { atSeconds, Story } from '../rigs/events.ts';

function told(tell: (story: Story) => void): Tally {
  const tally = new Tally();
  const story = new Story((event) => tally.add(event));
  story.begin({ sft: 'run', reward: 'run' });
  tell(story);
  return tally;
}

function block(tally: Tally, seconds: number, columns = 80): string {
  return renderBlock(tally, atSeconds(seconds), { columns, rows: 24 }).map(painter(false)).join('\n');
}

function status(tally: Tally, seconds: number, alive = true): string[] {
  const lines = statusLines(tally, atSeconds(seconds), alive, (path) => path);
  return lines.map(painter(false)).slice(1, 3);
}

function plain(tell: (story: Story) => void): string {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const put = printTo({ write }, painter(false));
  const reporter = plainReporter({
    progress: put,
    results: { print: put, columns: () => 80 },
    sources: { read: () => undefined, show: (path) => path },
  });
  tell(new Story((event) => reporter.event(event)));
  return text;
}

function waits(story: Story): void {
  story.start(1, 'sft');
  story.placed(2, 'sft', 'queued', { job: '4711', why: 'Priority' });
  story.start(2, 'reward');
  story.placed(3, 'reward', 'running', {
    host: 'rig1',
    gpus: ['GPU-a', 'GPU-b'],
    job: '4712',
    adopted: true,
  });
  story.progress(10, 'reward', 10, 100, { loss: 0.5 });
  story.progress(20, 'reward', 20, 100, { loss: 0.25 });
}

it('the block tells what waits in a queue from what runs, and where', () => {
  const tally = told(waits);
  expect(block(tally, 42)).toMatchInlineSnapshot(`
    "sft     queued 40s on slurm: Priority
    reward     40s  20/100 steps  eta 58s  on rig1, 2 GPUs  loss 0.250
    1 running, 1 queued"
  `);
  expect(block(tally, 42, 50)).toMatchInlineSnapshot(`
    "sft     queued 40s on slurm: Priority
    reward     40s  20/100 steps  eta 58s  on rig1, …
    1 running, 1 queued"
  `);
});

it('the clock of a stage starts again when it leaves the queue', () => {
  const tally = told((story) => {
    waits(story);
    story.placed(42, 'sft', 'running', { host: 'rig2' });
  });
  expect(block(tally, 47).split('\n')[0]).toBe('sft         5s  on rig2');
  expect(status(tally, 47)[0]).toBe('sft     running 5s, queued 40s  on rig2');
});

it('what an earlier run submitted has waited and run since then', () => {
  const tally = told((story) => {
    story.start(100, 'sft');
    story.placed(100, 'sft', 'queued', { since: atSeconds(10), adopted: true });
    story.start(100, 'reward');
    story.placed(101, 'reward', 'running', { host: 'rig1', since: atSeconds(40), adopted: true });
  });
  expect(block(tally, 110)).toBe(
    'sft     queued 1m40s on slurm\nreward   1m10s  on rig1\n1 running, 1 queued',
  );
});

it('one that is taken from its node is in the queue again, and a retry forgets where the last attempt was', () => {
  const tally = told((story) => {
    waits(story);
    story.placed(42, 'sft', 'running', { host: 'rig2' });
    story.placed(50, 'sft', 'queued', { why: 'BeginTime' });
  });
  expect(block(tally, 53).split('\n')[0]).toBe('sft     queued 3s on slurm: BeginTime');
  const fresh = told((story) => {
    waits(story);
    const failure = { code: 'x', message: 'Gone.' };
    const at = atSeconds(20);
    const cause = 'node-lost' as const;
    story.say({
      type: 'stage-retrying',
      at,
      stage: 'sft' as never,
      retry: 1,
      of: 2,
      cause,
      failure,
      wait: 0,
    });
    story.start(30, 'sft');
  });
  expect(block(fresh, 31).split('\n')[1]).toBe('sft         1s');
});

it('a stage that waits for a place before its attempt begins is in the queue, too', () => {
  const tally = told((story) =>
    story.placed(2, 'sft', 'queued', { profile: 'local', why: '2 GPUs are in use' }),
  );
  expect(block(tally, 12)).toBe('sft     queued 10s on local: 2 GPUs are in use\n2 waiting');
  expect(status(tally, 12)[0]).toBe('sft     queued 10s on local: 2 GPUs are in use');
});

it('status says where a stage is, and where it was seen last when the engine is gone', () => {
  const tally = told(waits);
  expect(status(tally, 42)).toEqual([
    'sft     queued 40s on slurm, job 4711: Priority',
    'reward  running 40s  on rig1, 2 GPUs, job 4712, submitted by an earlier run  20/100 steps  eta 1m20s  loss 0.250',
  ]);
  expect(status(tally, 42, false)).toEqual([
    'sft     broken off  last seen queued on slurm, job 4711: Priority',
    'reward  broken off  last seen running on rig1, 2 GPUs, job 4712, submitted by an earlier run',
  ]);
});

it('plain lines come for each state and host, and for a new reason only after a while', () => {
  const text = plain((story) => {
    story.begin({ sft: 'run' });
    story.start(1, 'sft');
    story.placed(2, 'sft', 'queued', { job: '4711' });
    story.placed(3, 'sft', 'queued', { job: '4711', why: 'Priority' });
    story.placed(4, 'sft', 'queued', { job: '4711', why: 'Resources' });
    story.placed(40, 'sft', 'queued', { job: '4711', why: 'Priority' });
    story.placed(41, 'sft', 'queued', { job: '4711', why: 'Resources' });
    story.placed(50, 'sft', 'running', { job: '4711', host: 'rig1' });
    story.placed(51, 'sft', 'running', { job: '4711', host: 'rig1' });
    story.end(241, 'sft', 'ran', 240, { queued: 48, because: [{ kind: 'new' }] });
  });
  expect(text).toMatchInlineSnapshot(`
    "sft   start
    sft   queued        on slurm, job 4711
    sft   queued        on slurm, job 4711: Priority
    sft   running       on rig1, job 4711
    sft   run 3m12s     queued 48.0s, because no earlier result
    "
  `);
});

it('what a scheduler says neither drives the terminal nor fills it', () => {
  const why = `\u001b[2J\u202e${'x'.repeat(500)}\n`;
  const host = `\u001b]0;owned\u0007${'h'.repeat(200)}`;
  const tally = told((story) => {
    story.start(1, 'sft');
    story.placed(2, 'sft', 'queued', { why, job: host, profile: 'slurm' });
    story.start(1, 'reward');
    story.placed(2, 'reward', 'running', { host });
  });
  const shown = [...status(tally, 3), ...status(tally, 3, false), block(tally, 3)].join('');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  expect(shown).toContain('\\x1b[2J');
  for (const line of status(tally, 3)) expect(line.length).toBeLessThan(320);
  for (const line of block(tally, 3, 50).split('\n')) expect(line.length).toBeLessThan(50);
});
