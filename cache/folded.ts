/** @file Names as the least exact file systems see them: without case, and in one Unicode form. */

const PLAIN = /^[a-z0-9._/-]*$/;

export function folded(name: string): string {
  return PLAIN.test(name) ? name : name.normalize('NFC').toLowerCase().normalize('NFC');
}

/** Two names that are one on such a file system. */
export function collision(names: readonly string[]): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const name of names) {
    const key = folded(name);
    const other = seen.get(key);
    if (other !== undefined) return [other, name];
    seen.set(key, name);
  }
  return undefined;
}
