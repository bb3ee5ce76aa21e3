import { mainStatus, type Picture, statusText, titleOf } from './collapse.ts';
import { COLOURS } from './colours.ts';

/** Graphviz. */
export function dot(name: string, picture: Picture): string {
  const lines = [
    `digraph ${quoted(name)} {`,
    '  rankdir=TB; node [shape=box, style="rounded,filled", fillcolor=white];',
  ];
  for (const node of picture.nodes) {
    const words = [titleOf(node), ...(node.kind === node.name ? [] : [node.kind]), statusText(node)];
    const status = mainStatus(node);
    const fill = status === undefined ? '' : `, fillcolor="${COLOURS[status]}"`;
    lines.push(
      `  ${quoted(node.name)} [label=${quoted(words.filter((word) => word !== '').join('\n'))}${fill}];`,
    );
  }
  for (const edge of picture.edges) {
    const bold = edge.group ? ', style=bold' : '';
    lines.push(`  ${quoted(edge.from)} -> ${quoted(edge.to)} [label=${quoted(edge.output)}${bold}];`);
  }
  for (const result of new Set(picture.out.map((edge) => edge.to))) {
    lines.push(`  ${quoted(`out.${result}`)} [label=${quoted(result)}, shape=ellipse];`);
  }
  for (const edge of picture.out) {
    lines.push(
      `  ${quoted(edge.from)} -> ${quoted(`out.${edge.to}`)} [label=${quoted(edge.output)}, style=dashed];`,
    );
  }
  return [...lines, '}'].join('\n');
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
