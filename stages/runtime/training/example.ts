import type { Sequence, Tokenizer } from '../onnx/api.ts';

export interface ExampleRow {
  readonly title: string;
  readonly sequence: Sequence;
}

/**
 * One training item as the model sees it: every token with its id, and `*` where it is a target of the loss.
 * Masks and end tokens that are wrong show here before they show in a curve.
 */
export function renderExample(tokenizer: Tokenizer, heading: string, rows: readonly ExampleRow[]): string {
  const lines = [
    heading,
    `* marks the tokens that the loss trains; EOS is ${tokenizer.token(tokenizer.eos)} (${tokenizer.eos}).`,
  ];
  for (const { title, sequence } of rows) {
    lines.push('', title);
    const tokens = [
      ...sequence.query.map((id) => ({ id, mark: ' ' })),
      ...sequence.response.map((id) => ({ id, mark: '*' })),
    ];
    for (const [position, { id, mark }] of tokens.entries()) {
      lines.push(
        `${mark} ${String(position).padStart(4)} ${String(id).padStart(6)}  ${JSON.stringify(tokenizer.token(id))}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
