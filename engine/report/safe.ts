/** @file Text from files and stages is data: nothing in it may drive the terminal. */

// C0 and C1 controls, DEL, line and paragraph separators, bidirectional overrides and invisible joiners.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

function escapeUnit(char: string): string {
  const code = char.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** One line that a terminal shows as it is: controls become visible escapes (`\x1b`), a tab two spaces. */
export function safe(text: string): string {
  return text.replaceAll('\t', '  ').replace(UNSAFE, escapeUnit);
}
