import { expect, it } from 'vitest';
import { renderBlock } from '../../engine/report/block.ts';
import { painter, printTo } from '../../engine/report/paint.ts';
import { plainReporter } from '../../engine/report/plain.ts';
import { statusLines } from '../../engine/report/status.ts';
import { Tally } from '../../engine/report/tally.ts';
import { atSeconds, Story } from '../rigs/events.ts';

const sources = { read: () => undefined, show: (path: string) => path };

/** A stage between two attempts, one that waits for a token, and a run that is to stop. */
function tell(story: Story): void {
  story.begin({ train: 'run', ask: 'run' });
  story.start(0, 'train');
  story.say({
    type: 'stage-waiting',
    at: atSeconds(0),
    stage: 'ask' as never,
    reason: 'limit',
    detail: 'judge_api (4)',
  });
  story.say({
    type: 'stage-retrying',
    at: atSeconds(9),
    stage: 'train' as never,
    retry: 1,
    of: 3,
    cause: 'oom',
    failure: { code: 'out-of-memory', message: 'It ended because memory ran out.' },
    wait: 5,
    memory: 1.5 * 2 ** 30,
  });
  const diagnostic = { code: 'interrupted', severity: 'warning', message: 'Stopping.' } as const;
  story.say({ type: 'warning', at: atSeconds(10), diagnostic });
}

it('in a terminal', () => {
  const tally = new Tally();
  tell(new Story((event) => tally.add(event)));
  const block = renderBlock(tally, atSeconds(10), { columns: 80, rows: 20 });
  expect(block.map(painter(false)).join('\n')).toMatchInlineSnapshot(`
    "train  retries in 5.0s after oom, with 1.5 GiB
    ask    waits for a limit of the pipeline: judge_api (4)
    stopping: 2 waiting"
  `);
});

it('in a log', () => {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const print = printTo({ write }, painter(false));
  const reporter = plainReporter({
    progress: print,
    results: { print, columns: () => Number.POSITIVE_INFINITY },
    sources,
  });
  const story = new Story((event) => reporter.event(event));
  tell(story);
  story.start(15, 'train');
  story.say({
    type: 'stage-done',
    at: atSeconds(20),
    stage: 'train' as never,
    action: 'ran',
    key: null,
    seconds: 5,
    because: [{ kind: 'new' }],
    outputs: {},
    retries: 1,
  });
  expect(text).toMatchInlineSnapshot(`
    "train  start
    ask    waiting       for a limit of the pipeline: judge_api (4)
    train  retry 1 of 3  in 5.0s after oom, with 1.5 GiB: It ended because memory ran out.
    warning[interrupted]: Stopping.
    train  start
    train  run 5.0s      after 1 retry: because no earlier result
    "
  `);
});

it('for status', () => {
  const tally = new Tally();
  tell(new Story((event) => tally.add(event)));
  const lines = statusLines(tally, atSeconds(12), true, (path) => path);
  expect(lines.slice(1).map(painter(false)).join('\n')).toMatchInlineSnapshot(`
    "train  waiting for retry 1 of 3 in 5.0s after oom, with 1.5 GiB
    ask    waiting for a limit of the pipeline: judge_api (4)

    stopping: 2 waiting"
  `);
});
