/** @file Random graphs of commands, edits to them, and which stages an engine of each school has to run. */
import { createHash } from 'node:crypto';

/** A stage prints the first line of its file and what the stages that it needs wrote; the second line is a comment. */
export interface Node {
  readonly needs: readonly number[];
  readonly value: number;
  readonly comment: number;
  /** A part of the command that changes nothing. */
  readonly command: number;
}

export type Edit =
  | { readonly kind: 'value' | 'comment' | 'command'; readonly at: number; readonly to: number }
  | { readonly kind: 'touch' | 'drop' | 'edge'; readonly at: number };

export function applied(nodes: readonly Node[], edit: Edit): Node[] {
  return nodes.map((node, i) => (i === edit.at ? edited(node, i, edit) : node));
}

function edited(node: Node, i: number, edit: Edit): Node {
  switch (edit.kind) {
    case 'value':
    case 'comment':
    case 'command':
      return { ...node, [edit.kind]: edit.to };
    case 'edge':
      return i === 0 ? node : { ...node, needs: toggled(node.needs, (i * 7 + node.value) % i) };
    case 'touch':
    case 'drop':
      return node;
  }
}

function toggled(needs: readonly number[], other: number): number[] {
  const rest = needs.filter((one) => one !== other);
  return rest.length < needs.length ? rest : [...rest, other].sort((a, b) => a - b);
}

export function commandOf(
  i: number,
  node: Node,
  input: string,
  outputs: readonly string[],
  out: string,
): string {
  const reads = outputs.map((path) => `cat ${path}; `).join('');
  return `echo s${i} >> ran.log; { head -n 1 ${input}; ${reads}} > ${out}; : ${node.command}`;
}

export const fileOf = (node: Node): string => `value ${node.value}\ncomment ${node.comment}\n`;

/**
 * `content`: a key holds the digests of upstream outputs. `inputs`: it holds the keys of upstream stages. `package`: as
 * `inputs`, and the whole configuration is an input of every stage.
 */
export type School = 'content' | 'inputs' | 'package';

/** Which stages run, for an engine that remembers every key it has seen. */
export function schoolOf(school: School): (nodes: readonly Node[]) => string[] {
  const seen = new Set<string>();
  return (nodes) => {
    const keys: string[] = [];
    const outputs: string[] = [];
    const ran: string[] = [];
    for (const [i, node] of nodes.entries()) {
      const above = node.needs.map((need) => (school === 'content' ? outputs[need] : keys[need]));
      const configuration = school === 'package' ? nodes.map(({ needs, command }) => [needs, command]) : [];
      const key = digest([i, node, above, configuration]);
      outputs.push(digest([node.value, node.needs.map((need) => outputs[need])]));
      keys.push(key);
      if (!seen.has(key)) ran.push(`s${i}`);
      seen.add(key);
    }
    return ran;
  };
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
