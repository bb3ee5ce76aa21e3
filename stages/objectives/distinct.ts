/** Words of a text: runs of anything but white space. */
export function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** distinct-n (Li et al. 2016): different n-grams of words over all n-grams, counted over the whole corpus; 0 where there are none. */
export function distinctN(texts: readonly string[], n: number): number {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`n must be a whole number from 1, got ${n}`);
  const seen = new Set<string>();
  let total = 0;
  for (const text of texts) {
    const list = words(text);
    for (let i = 0; i + n <= list.length; i++) {
      seen.add(list.slice(i, i + n).join(' '));
      total++;
    }
  }
  return total === 0 ? 0 : seen.size / total;
}
