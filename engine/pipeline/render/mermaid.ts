import { mainStatus, type Picture, type PictureNode, statusText, titleOf } from './collapse.ts';
import { COLOURS } from './colours.ts';

/** A Mermaid flowchart. Nodes are numbered: words such as `end` mean something to Mermaid. */
export function mermaid(picture: Picture): string {
  const ids = new Map(picture.nodes.map((node, index) => [node.name, `s${index}`]));
  const lines = ['flowchart TD'];
  for (const node of picture.nodes) lines.push(`  ${ids.get(node.name)}["${label(node)}"]`);
  for (const edge of picture.edges) {
    lines.push(`  ${ids.get(edge.from)} ${edge.group ? '==>' : '-->'}|${edge.output}| ${ids.get(edge.to)}`);
  }
  const results = [...new Set(picture.out.map((edge) => edge.to))];
  for (const [index, name] of results.entries()) lines.push(`  o${index}(["${name}"])`);
  for (const edge of picture.out)
    lines.push(`  ${ids.get(edge.from)} -.->|${edge.output}| o${results.indexOf(edge.to)}`);
  const used = new Set(picture.nodes.flatMap((node) => mainStatus(node) ?? []));
  for (const status of used)
    lines.push(`  classDef ${status} fill:${COLOURS[status]},stroke:#555,color:#111`);
  for (const node of picture.nodes) {
    const status = mainStatus(node);
    if (status !== undefined) lines.push(`  class ${ids.get(node.name)} ${status}`);
  }
  return lines.join('\n');
}

function label(node: PictureNode): string {
  const status = statusText(node);
  return [
    titleOf(node),
    ...(node.kind === node.name ? [] : [node.kind]),
    ...(status === '' ? [] : [status]),
  ].join('<br/>');
}
