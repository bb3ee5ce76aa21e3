/** @file The tables of an evaluation as Markdown, in the manner of tables 2, 5 and 6 of the RRHF paper. */
import type { Interval } from '../objectives/intervals.ts';
import type { Judgement, Metrics, RowMetrics } from './measure.ts';

/** A column of a table over rows of the evaluation. */
interface Column {
  readonly head: string;
  readonly cell: (row: RowMetrics) => string;
}

/** Reward first, then each independent judge, then the text itself, the judges' accuracy and the training scores, where there are any. */
export function renderTables(metrics: Metrics): string {
  const percent = `${Number((100 * metrics.level).toPrecision(3))} %`;
  const judges = Object.keys(Object.values(metrics.rows)[0]?.judges ?? {});
  const hasPerplexity = Object.values(metrics.rows).some((row) => row.perplexity !== null);
  const perplexity = { head: 'PPL', cell: (row: RowMetrics) => number(row.perplexity?.corpus, 2) };
  const reward = judged(metrics, `reward [${percent}]`, percent, (row) => row);
  const parts = [
    compared(metrics, 'setting', hasPerplexity ? [perplexity, ...reward] : reward),
    `${metrics.prompts} prompts; [low, high] are ${percent} bootstrap intervals over prompts.${seedsNote(metrics)}`,
    ...judges.map((judge) =>
      compared(
        metrics,
        'independent judge',
        judged(metrics, `${judge} [${percent}]`, percent, (row) => row.judges[judge]),
      ),
    ),
    compared(metrics, 'responses', textColumns(metrics, hasPerplexity)),
    ...accuracyTable(metrics, percent),
    ...trainingTable(metrics),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** One judge's reward, difference and win rate. */
function judged(
  metrics: Metrics,
  head: string,
  percent: string,
  by: (row: RowMetrics) => Judgement | undefined,
): Column[] {
  const mean: Column = { head, cell: (row) => interval(by(row)?.reward) };
  if (metrics.baseline === null) return [mean];
  return [
    mean,
    {
      head: `over ${metrics.baseline} [${percent}]`,
      cell: (row) => interval(by(row)?.against_baseline?.difference),
    },
    { head: `wins % [${percent}]`, cell: (row) => wins(by(row)) },
  ];
}

function textColumns(metrics: Metrics, hasPerplexity: boolean): Column[] {
  const columns: Column[] = [
    { head: 'n', cell: (row) => `${row.n}` },
    { head: 'median reward', cell: (row) => fixed(row.reward.median) },
    { head: 'distinct-1', cell: (row) => fixed(row.distinct_1) },
    { head: 'distinct-2', cell: (row) => fixed(row.distinct_2) },
    { head: 'tokens', cell: (row) => row.length.tokens.toFixed(1) },
  ];
  if (hasPerplexity)
    columns.push({ head: 'PPL, mean of samples', cell: (row) => number(row.perplexity?.mean_of_samples, 2) });
  if (hasSeeds(metrics))
    columns.push({ head: 'std. of seeds', cell: (row) => number(row.reward.seed_std, 3) });
  return columns;
}

function accuracyTable(metrics: Metrics, percent: string): string[] {
  const rows = Object.entries(metrics.accuracy);
  if (rows.length === 0) return [];
  const cells = rows.map(([judge, a]) => [judge, `${hundred(a.value)} ${range(a, hundred)}`, `${a.n}`]);
  return [table(['judge', `accuracy % [${percent}]`, 'pairs'], cells)];
}

function trainingTable(metrics: Metrics): string[] {
  const rows = Object.entries(metrics.training);
  if (rows.length === 0) return [];
  const cells = rows.map(([label, s]) => [
    label,
    fixed(s.mean),
    fixed(s.std),
    fixed(s.max),
    `${s.queries}`,
    `${s.scores}`,
  ]);
  return [table(['training scores', 'Mean', 'Std.', 'Max', 'queries', 'scores'], cells)];
}

function compared(metrics: Metrics, head: string, columns: readonly Column[]): string {
  const rows = Object.entries(metrics.rows).map(([label, row]) => [
    row.kind === 'pooled' ? `${label} (${row.models} seeds)` : label,
    ...columns.map((column) => column.cell(row)),
  ]);
  return table([head, ...columns.map((column) => column.head)], rows);
}

function hasSeeds(metrics: Metrics): boolean {
  return Object.values(metrics.rows).some((row) => row.models > 1);
}

function seedsNote(metrics: Metrics): string {
  return hasSeeds(metrics) ? ' Several seeds are averaged within each prompt.' : '';
}

function wins(judgement: Judgement | undefined): string {
  const rate = judgement?.against_baseline?.win_rate;
  return rate === undefined ? '-' : `${hundred(rate.rate)} ${range(rate, hundred)}`;
}

function interval(value: (Interval & { readonly mean: number }) | undefined): string {
  return value === undefined ? '-' : `${fixed(value.mean)} ${range(value, fixed)}`;
}

function range({ low, high }: Interval, show: (value: number) => string): string {
  return `[${show(low)}, ${show(high)}]`;
}

function number(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined) return '-';
  return value < 1e6 ? value.toFixed(digits) : value.toExponential(digits);
}

function fixed(value: number): string {
  return value.toFixed(3);
}

function hundred(share: number): string {
  return (100 * share).toFixed(1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map(line).join('\n');
}
