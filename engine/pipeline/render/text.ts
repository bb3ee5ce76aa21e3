import { type Picture, type PictureEdge, statusText, titleOf } from './collapse.ts';

/** One line a stage, in running order: what it is, what it is made of. */
export function text(picture: Picture): string {
  const from = sources(picture.edges);
  const rows = picture.nodes.map((node) => [
    titleOf(node),
    node.kind,
    statusText(node),
    from.get(node.name) ?? '',
  ]);
  for (const [name, words] of sources(picture.out)) rows.push([`out.${name}`, '', '', words]);
  return aligned(rows);
}

/** `<- a.x, b[*].y` for each node that edges lead to. */
function sources(edges: readonly PictureEdge[]): ReadonlyMap<string, string> {
  const words = new Map<string, string[]>();
  for (const { from, output, to, group } of edges) {
    words.set(to, [...(words.get(to) ?? []), `${from}${group ? '[*]' : ''}.${output}`]);
  }
  return new Map([...words].map(([to, list]) => [to, `<- ${list.join(', ')}`]));
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
