/** @file The tables of an evaluation as Markdown, in the manner of tables 2 and 6 of the RRHF paper. */
import type { BootstrapInterval, Interval } from '../objectives/intervals.ts';
import type { Metrics, RowMetrics } from './measure.ts';

interface Column {
  readonly head: string;
  readonly cell: (row: RowMetrics) => string;
}

/** The comparison, then the judges' accuracy and the training scores where there are any. A column that nothing fills is left out. */
export function renderTables(metrics: Metrics): string {
  const percent = `${Number((100 * metrics.level).toPrecision(3))} %`;
  const columns = columnsOf(metrics, percent);
  const rows = Object.entries(metrics.rows).map(([label, row]) => [
    named(label, row),
    ...columns.map((column) => column.cell(row)),
  ]);
  const head = ['setting', ...columns.map((column) => column.head)];
  const parts = [table(head, rows), notes(metrics, percent)];
  const accuracy = Object.entries(metrics.accuracy);
  if (accuracy.length > 0)
    parts.push(
      table(
        ['judge', `accuracy [${percent}]`, 'pairs'],
        accuracy.map(([judge, a]) => [judge, `${share(a.value)} ${range(a, share)}`, `${a.n}`]),
      ),
    );
  const training = Object.entries(metrics.training);
  if (training.length > 0)
    parts.push(
      table(
        ['training scores', 'Mean', 'Std.', 'Max', 'queries', 'scores'],
        training.map(([label, s]) => [
          label,
          fixed(s.mean),
          fixed(s.std),
          fixed(s.max),
          `${s.queries}`,
          `${s.scores}`,
        ]),
      ),
    );
  return `${parts.join('\n\n')}\n`;
}

function columnsOf(metrics: Metrics, percent: string): Column[] {
  const rows = Object.values(metrics.rows);
  const columns: Column[] = [];
  const add = (when: boolean, head: string, cell: Column['cell']): void => {
    if (when) columns.push({ head, cell });
  };
  const hasPerplexity = rows.some((row) => row.perplexity !== null);
  const compared = metrics.baseline !== null;
  add(true, 'n', (row) => `${row.n}`);
  add(hasPerplexity, 'PPL', (row) => number(row.perplexity?.corpus));
  add(hasPerplexity, 'PPL (mean of samples)', (row) => number(row.perplexity?.mean_of_samples));
  add(true, `reward [${percent}]`, (row) => interval(row.reward));
  add(true, 'median', (row) => fixed(row.reward.median));
  add(
    rows.some((row) => row.models > 1),
    'std. of seeds',
    (row) => number(row.reward.seed_std, 3),
  );
  add(compared, `over ${metrics.baseline} [${percent}]`, (row) => interval(row.against_baseline?.difference));
  add(compared, `wins over ${metrics.baseline} [${percent}]`, (row) => wins(row));
  for (const judge of Object.keys(rows[0]?.judges ?? {})) {
    add(true, `${judge} [${percent}]`, (row) => interval(row.judges[judge]?.reward));
    add(compared, `${judge} over ${metrics.baseline} [${percent}]`, (row) =>
      interval(row.judges[judge]?.against_baseline?.difference),
    );
  }
  add(true, 'distinct-1', (row) => fixed(row.distinct_1));
  add(true, 'distinct-2', (row) => fixed(row.distinct_2));
  add(true, 'tokens', (row) => row.length.tokens.toFixed(1));
  return columns;
}

function notes(metrics: Metrics, percent: string): string {
  const lines = [`${metrics.prompts} prompts; [low, high] are ${percent} bootstrap intervals over prompts.`];
  if (Object.values(metrics.rows).some((row) => row.models > 1))
    lines.push(
      'Rows of several seeds average them within each prompt; the spread of the seeds is a column of its own.',
    );
  return lines.join(' ');
}

function named(label: string, row: RowMetrics): string {
  return row.kind === 'pooled' ? `${label} (${row.models} seeds)` : label;
}

function wins(row: RowMetrics): string {
  const rate = row.against_baseline?.win_rate;
  return rate === undefined ? '-' : `${share(rate.rate)} ${range(rate, share)}`;
}

function interval(value: BootstrapInterval | undefined): string {
  return value === undefined ? '-' : `${fixed(value.mean)} ${range(value, fixed)}`;
}

function range({ low, high }: Interval, show: (value: number) => string): string {
  return `[${show(low)}, ${show(high)}]`;
}

function number(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined ? '-' : value.toFixed(digits);
}

function fixed(value: number): string {
  return value.toFixed(3);
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map(line).join('\n');
}
