/** @file Text with `${...}`: its parts. */

export interface Placeholder {
  /** Between the braces, without white space around it. */
  readonly name: string;
  /** As written, with the braces. */
  readonly written: string;
}
export interface Template {
  readonly parts: readonly (string | Placeholder)[];
  /** An opening `${` that no brace closes. */
  readonly unclosed: boolean;
}

/** `$${` writes `${`; a dollar before anything else is itself. */
export function parseTemplate(text: string): Template {
  const parts: (string | Placeholder)[] = [];
  let plain = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('${', at);
    if (open < 0) break;
    if (open > at && text[open - 1] === '$') {
      plain += `${text.slice(at, open - 1)}\${`;
      at = open + 2;
      continue;
    }
    const close = text.indexOf('}', open);
    if (close < 0) return { parts, unclosed: true };
    plain += text.slice(at, open);
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push({ name: text.slice(open + 2, close).trim(), written: text.slice(open, close + 1) });
    at = close + 1;
  }
  plain += text.slice(at);
  if (plain !== '') parts.push(plain);
  return { parts, unclosed: false };
}
