import type { RunId } from '../../base/ids.ts';
import type { Action, EventOf } from '../event.ts';
import { type Line, line, type Span, span, type Tone } from '../report/line.ts';
import { duration } from '../report/quantity.ts';
import { countLine } from '../report/summary.ts';
import { table } from '../report/table.ts';
import { answer, type Call, refuse } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { type PastRun, readRun } from './history.ts';
import { projectCalled, runsOf } from './run-word.ts';

type State = EventOf<'run-done'>['outcome'] | 'running' | 'broken';

interface RunsOptions {
  readonly last?: number;
}

interface RunsDocument {
  readonly schema: 'warren/runs/1';
  /** Newest first. */
  readonly runs: readonly {
    readonly run: RunId;
    /** When it started, ISO 8601 in UTC; null where the journal does not tell. */
    readonly at: string | null;
    readonly pipeline: string | null;
    readonly file: string | null;
    readonly state: State;
    readonly counts: { readonly [A in Action]: number };
    readonly running: number;
    readonly seconds: number | null;
  }[];
  /** Earlier runs that are not listed. */
  readonly more: number;
}

const TONES: { readonly [S in State]: Tone } = {
  done: 'good',
  failed: 'bad',
  interrupted: 'warn',
  running: 'good',
  broken: 'bad',
};

const SHOWN = 20;

/** `runs [FILE] [-n N]`: what was run, newest first. */
export function runs(call: Call, file: string | undefined, options: RunsOptions): Promise<ExitCode> {
  const called = projectCalled(call, file);
  if (!called.ok) return Promise.resolve(refuse(call, [called.error]));
  const ids = [...runsOf(called.value.project, called.value.file)];
  const shown = ids.slice(0, options.last ?? SHOWN).map((id) => readRun(called.value.project, id));
  const document: RunsDocument = {
    schema: 'warren/runs/1',
    runs: shown.map(rowOf),
    more: ids.length - shown.length,
  };
  answer(call, document, () => lines(shown, document));
  return Promise.resolve(EXIT.done);
}

function rowOf(run: PastRun): RunsDocument['runs'][number] {
  const { id, tally } = run;
  const { started, ended } = tally;
  return {
    run: id,
    at: started === undefined ? null : new Date(started.at).toISOString(),
    pipeline: started?.pipeline ?? null,
    file: started?.file ?? null,
    state: stateOf(run),
    counts: {
      ran: tally.count('ran'),
      restored: tally.count('restored'),
      fresh: tally.count('fresh'),
      failed: tally.count('failed'),
      skipped: tally.count('skipped'),
      cancelled: tally.count('cancelled'),
    },
    running: tally.running.size,
    seconds: ended?.seconds ?? null,
  };
}

function stateOf({ tally, alive }: PastRun): State {
  return tally.ended?.outcome ?? (alive ? 'running' : 'broken');
}

function lines(shown: readonly PastRun[], { runs: rows, more }: RunsDocument): Line[] {
  if (rows.length === 0) return [line('no run yet')];
  const cells = rows.map((row, i): Span[] => {
    const { tally } = shown[i] as PastRun;
    return [
      span(row.run, 'strong'),
      span(row.at === null ? '-' : row.at.slice(0, 19).replace('T', ' ')),
      span(row.pipeline ?? '-'),
      span(row.state, TONES[row.state]),
      span(row.seconds === null ? '-' : duration(row.seconds)),
      span(
        countLine(tally)
          .map(({ text }) => text)
          .join(''),
        'dim',
      ),
    ];
  });
  const head = ['run', 'started (UTC)', 'pipeline', 'state', 'time', 'stages'].map((text) =>
    span(text, 'dim'),
  );
  const rest = more > 0 ? [line(`${more} earlier: warren runs -n ${rows.length + more}`, 'dim')] : [];
  return [...table([head, ...cells], ['left', 'left', 'left', 'left', 'right']), ...rest];
}
