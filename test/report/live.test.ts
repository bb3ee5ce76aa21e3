import { describe, expect, it } from 'vitest';
import { liveReporter } from '../../engine/report/live.ts';
import { painter, printTo } from '../../engine/report/paint.ts';
import type { Reporter } from '../../engine/report/reporter.ts';
import { atSeconds, Story } from '../rigs/events.ts';
import { Screen } from '../rigs/screen.ts';

interface Live {
  readonly screen: Screen;
  readonly story: Story;
  readonly reporter: Reporter;
  /** Sets the clock and lets one tick pass. */
  tick(seconds: number): void;
}

function live(size = { columns: 80, rows: 24 }): Live {
  const screen = new Screen(size);
  let now = atSeconds(0);
  let draw = (): void => {};
  const reporter = liveReporter({
    terminal: screen,
    results: { print: printTo(screen, painter(false)), columns: () => size.columns },
    paint: painter(false),
    sources: { read: () => undefined, show: (path) => path.replace('/project/', '') },
    clock: {
      now: () => now,
      every: (_ms, tick) => {
        draw = tick;
        return () => {
          draw = () => {};
        };
      },
    },
  });
  return {
    screen,
    reporter,
    story: new Story((event) => reporter.event(event)),
    tick: (seconds) => {
      now = atSeconds(seconds);
      draw();
    },
  };
}

describe('live reporter', () => {
  it('shows what runs below what has ended', () => {
    const { story, screen, tick } = live();
    story.begin({ data: 'restore', sft: 'run', reward: 'run', rrhf: 'maybe' });
    story.end(0.2, 'data', 'restored', 0.2, { from: '20261121T090000-77aa' });
    story.start(1, 'sft', [{ kind: 'param', name: 'with.lr', before: '1.0e-05', after: '2.0e-05' }]);
    story.start(1, 'reward');
    story.progress(11, 'sft', 100, 500, { loss: 0.8123, 'tok/s': 1830.4 });
    story.progress(21, 'sft', 200, 500, { loss: 0.41234, 'tok/s': 1830.4 });
    story.print(12, 'reward', 'reading pairs');
    tick(22);
    expect(screen.text()).toMatchInlineSnapshot(`
      "data    restored      from run 20261121T090000-77aa
      sft        21s  200/500 steps  eta 29s  loss 0.412  tok/s 1830
      reward     21s  reading pairs
      1 restored, 2 running, 1 waiting"
    `);
    story.end(41.2, 'reward', 'ran', 40.2, { because: [{ kind: 'new' }] });
    tick(42);
    expect(screen.text()).toMatchInlineSnapshot(`
      "data    restored      from run 20261121T090000-77aa
      reward  run 40.2s     because no earlier result
      sft        41s  200/500 steps  eta 9s  loss 0.412  tok/s 1830
      1 ran, 1 restored, 1 running, 1 waiting"
    `);
  });

  it('leaves lines, tables and counts when the run is done', () => {
    const { story, screen, tick, reporter } = live();
    story.begin({ rrhf: 'run', evaluate: 'maybe' });
    story.start(0, 'rrhf');
    tick(1);
    story.end(41.2, 'rrhf', 'ran', 41.2, {
      because: [{ kind: 'param', name: 'with.lr', before: '1.0e-05', after: '2.0e-05' }],
    });
    story.say({
      type: 'stage-note',
      at: atSeconds(42),
      stage: 'evaluate' as never,
      text: '3 responses cut at 64 tokens',
    });
    story.say({
      type: 'stage-report',
      at: atSeconds(43),
      stage: 'evaluate' as never,
      markdown:
        '| model | reward | win |\n|:--|--:|--:|\n| sft | -0.31 | - |\n| **rrhf** | 0.42 | 61.5 % |\n',
    });
    story.end(44, 'evaluate', 'ran', 2.8, {
      because: [{ kind: 'upstream', stage: 'rrhf' as never, output: 'model' }],
    });
    story.say({
      type: 'output-placed',
      at: atSeconds(44),
      name: 'policy',
      path: 'out/demo/policy',
      digest: 'sha256:b' as never,
    });
    story.finish(44.1);
    reporter.close();
    expect(screen.text()).toMatchInlineSnapshot(`
      "rrhf      run 41.2s     because with.lr 1.0e-05 -> 2.0e-05
      evaluate  note          3 responses cut at 64 tokens
      evaluate  run 2.8s      because rrhf.model changed

      evaluate
      model  reward     win
      ─────  ──────  ──────
      sft     -0.31       -
      rrhf     0.42  61.5 %

      done in 44.1s: 2 ran"
    `);
  });

  it('replays the output of a failed stage and names what it held back', () => {
    const { story, screen, reporter } = live();
    story.begin({ train: 'run', evaluate: 'maybe', table: 'maybe' });
    story.start(0, 'train');
    story.print(1, 'train', 'epoch 1');
    story.print(2, 'train', '\u001b[2Jloss nan');
    story.end(3, 'train', 'failed', 3, {
      failure: {
        code: 'command-failed',
        message: 'the command ended with exit code 7',
        hint: 'read the log',
        exitCode: 7,
        log: '.warren/runs/r/train.log',
      },
    });
    story.end(3, 'evaluate', 'skipped', 0, { reason: 'train failed' });
    story.end(3, 'table', 'skipped', 0, { reason: 'train failed' });
    story.finish(3.1, 'failed');
    reporter.close();
    expect(screen.text()).toMatchInlineSnapshot(`
      "train     failed 3.0s   the command ended with exit code 7
      evaluate  skipped       train failed
      table     skipped       train failed

      train failed[command-failed]: the command ended with exit code 7
        hint: read the log
        | epoch 1
        | \\x1b[2Jloss nan
        log: .warren/runs/r/train.log

      skipped evaluate, table: train failed

      failed in 3.1s: 1 failed, 2 skipped"
    `);
  });

  it('keeps to rows - 2 lines and counts the rest', () => {
    const { story, screen, tick } = live({ columns: 60, rows: 8 });
    const stages = Array.from({ length: 40 }, (_, at) => `stage-${at}`);
    story.begin(Object.fromEntries(stages.map((id) => [id, 'run'])));
    for (const id of stages) story.start(0, id);
    tick(3);
    expect(screen.text()).toMatchInlineSnapshot(`
      "stage-0       3s
      stage-1       3s
      stage-2       3s
      stage-3       3s
      + 36 more
      40 running"
    `);
  });

  it('never wraps, whatever a stage prints', () => {
    const { story, screen, tick } = live({ columns: 40, rows: 10 });
    story.begin({ a: 'run' });
    story.start(0, 'a');
    story.print(1, 'a', '漢字'.repeat(40));
    tick(2);
    story.print(2, 'a', 'x'.repeat(300));
    tick(3);
    expect(screen.text()).toMatchInlineSnapshot(`
      "a         3s  xxxxxxxxxxxxxxxxxxxxxxxx…
      1 running"
    `);
  });

  it('counts many fresh stages in place of listing them', () => {
    const { story, screen, reporter } = live();
    const stages = Array.from({ length: 30 }, (_, at) => `s${at}`);
    story.begin({ ...Object.fromEntries(stages.map((id) => [id, 'fresh'])), last: 'run' });
    for (const id of stages) story.end(0, id, 'fresh', 0);
    story.start(0, 'last');
    story.end(1, 'last', 'ran', 1, { because: [{ kind: 'forced' }] });
    story.finish(1);
    reporter.close();
    expect(screen.text()).toMatchInlineSnapshot(`
      "last  run 1.0s      because --force

      done in 1.0s: 1 ran, 30 fresh"
    `);
  });

  it('draws once a tick, however many events there are, and not at all when nothing changed', () => {
    const { story, screen, tick } = live();
    story.begin({ a: 'run' });
    story.start(0, 'a');
    for (let step = 1; step <= 1000; step += 1) story.progress(step / 1000, 'a', step, 1000);
    tick(1);
    tick(1);
    expect(screen.updates).toBe(1);
  });

  it('tells how to go on after an interruption', () => {
    const { story, screen, reporter } = live();
    story.begin({ a: 'run', b: 'maybe' });
    story.start(0, 'a');
    story.end(2, 'a', 'cancelled', 2, { reason: 'interrupted' });
    story.end(2, 'b', 'cancelled', 0, { reason: 'interrupted' });
    story.finish(2, 'interrupted');
    reporter.close();
    expect(screen.text()).toMatchInlineSnapshot(`
      "a     cancelled     interrupted
      b     cancelled     interrupted

      interrupted in 2.0s: 2 cancelled
      resume: warren run pipelines/demo.yaml"
    `);
  });
});
