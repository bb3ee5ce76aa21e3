import { expect, it } from 'vitest';
import { painter, printTo } from '../../engine/report/paint.ts';
import { plainReporter } from '../../engine/report/plain.ts';
import { quietReporter } from '../../engine/report/quiet.ts';
import { atSeconds, Story } from '../rigs/events.ts';

const sources = { read: () => undefined, show: (path: string) => path };

function collect(): { text: string; write(text: string): void } {
  return {
    text: '',
    write(text) {
      this.text += text;
    },
  };
}

function tell(story: Story): void {
  story.begin({ data: 'run', 'rrhf[seed=1]': 'maybe', 'rrhf[seed=2]': 'maybe', table: 'maybe' });
  story.start(0, 'data', [
    { kind: 'input', name: 'transcripts', detail: 'changed' },
    { kind: 'code', detail: '' },
  ]);
  story.end(1.5, 'data', 'ran', 1.5, {
    because: [{ kind: 'input', name: 'transcripts', detail: 'changed' }],
  });
  story.say({
    type: 'stage-waiting',
    at: atSeconds(1.5),
    stage: 'rrhf[seed=1]' as never,
    reason: 'lock',
    detail: 'pid 4711 on anna since 10:15',
  });
  story.start(2, 'rrhf[seed=1]', [{ kind: 'upstream', stage: 'data' as never, output: 'train' }]);
  story.progress(12, 'rrhf[seed=1]', 10, 90, { loss: 2.25 });
  story.progress(62, 'rrhf[seed=1]', 60, 90, { loss: 1.5 });
  story.end(93, 'rrhf[seed=1]', 'ran', 91, { because: [] });
  story.end(93, 'rrhf[seed=2]', 'failed', 0.1, {
    failure: { code: 'loss-not-finite', message: 'the loss is NaN at step 3' },
  });
  story.say({
    type: 'warning',
    at: atSeconds(94),
    diagnostic: {
      code: 'cache-read-only',
      severity: 'warning',
      message: 'results were not stored',
      hint: 'check the rights of .warren',
    },
  });
  story.end(94, 'table', 'skipped', 0, { reason: 'rrhf[seed=2] failed' });
  story.finish(94.2, 'failed');
}

it('plain: one line a change of state, with a sign of life in long stages', () => {
  const progress = collect();
  const results = collect();
  const reporter = plainReporter({
    progress: printTo(progress, painter(false)),
    results: { print: printTo(results, painter(false)), columns: () => Number.POSITIVE_INFINITY },
    sources,
  });
  tell(new Story((event) => reporter.event(event)));
  reporter.close();
  expect(progress.text).toMatchInlineSnapshot(`
    "data          start
    data          run 1.5s      because in.transcripts changed
    rrhf[seed=1]  waiting       for another process: pid 4711 on anna since 10:15
    rrhf[seed=1]  start
    rrhf[seed=1]  running       60/90 steps  loss 1.50
    rrhf[seed=1]  run 1m31s
    rrhf[seed=2]  failed 0.1s   the loss is NaN at step 3
    warning[cache-read-only]: results were not stored
      hint: check the rights of .warren
    table         skipped       rrhf[seed=2] failed

    rrhf[seed=2] failed[loss-not-finite]: the loss is NaN at step 3

    skipped table: rrhf[seed=2] failed

    failed in 1m34s: 2 ran, 1 failed, 1 skipped
    "
  `);
  expect(results.text).toBe('');
});

it('quiet: only what went wrong', () => {
  const to = collect();
  const reporter = quietReporter(printTo(to, painter(false)), sources);
  tell(new Story((event) => reporter.event(event)));
  reporter.close();
  expect(to.text).toMatchInlineSnapshot(`
    "warning[cache-read-only]: results were not stored
      hint: check the rights of .warren

    rrhf[seed=2] failed[loss-not-finite]: the loss is NaN at step 3

    skipped table: rrhf[seed=2] failed
    "
  `);
});

it('colour is written only when asked for', () => {
  const to = collect();
  const reporter = plainReporter({
    progress: printTo(to, painter(true)),
    results: { print: printTo(to, painter(true)), columns: () => Number.POSITIVE_INFINITY },
    sources,
  });
  const story = new Story((event) => reporter.event(event));
  story.begin({ a: 'run' });
  story.end(1, 'a', 'ran', 1);
  expect(to.text).toBe('\u001b[1ma   \u001b[22m  \u001b[32mrun 1.0s\u001b[39m\n');
});
