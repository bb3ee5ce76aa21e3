import { type Picture, statusText, titleOf } from './collapse.ts';

/** One line a stage, in running order: what it is, what it is made of. */
export function text(picture: Picture): string {
  const from = new Map<string, string[]>();
  for (const edge of picture.edges) {
    const word = edge.group ? `${edge.from}[*].${edge.output}` : `${edge.from}.${edge.output}`;
    from.set(edge.to, [...(from.get(edge.to) ?? []), word]);
  }
  const rows = picture.nodes.map((node) => [
    titleOf(node),
    node.kind,
    statusText(node),
    from.has(node.name) ? `<- ${from.get(node.name)?.join(', ')}` : '',
  ]);
  const results = new Map<string, string[]>();
  for (const edge of picture.out)
    results.set(edge.to, [...(results.get(edge.to) ?? []), `${edge.from}.${edge.output}`]);
  for (const [name, sources] of results) rows.push([`out.${name}`, '', '', `<- ${sources.join(', ')}`]);
  return aligned(rows);
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => (row[column] as string).length)));
  return rows
    .map((row) =>
      row
        .flatMap((cell, column) => (widths[column] === 0 ? [] : [cell.padEnd(widths[column] ?? 0)]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
