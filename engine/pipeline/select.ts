/** @file Which stages a word of the command line means. */

/** `beaver[round=2]/rrhf[seed=1]` in its parts. A slash inside brackets or quotes is part of a value. */
function partsOf(id: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  let inside = false;
  let quoted = false;
  for (let at = 0; at < id.length; at++) {
    const char = id[at];
    if (quoted) {
      if (char === '\\') at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = inside;
    else if (char === '[') inside = true;
    else if (char === ']') inside = false;
    else if (char === '/' && !inside) {
      parts.push(id.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(id.slice(start));
  return parts;
}

/**
 * `rrhf` means all instances, `rrhf[seed=1]` one; `beaver` means every stage of that pipeline, `beaver[round=2]` those
 * of one round, `beaver/rrhf` that stage in all rounds. In a dvc.yaml the instances are `train@1`.
 */
export function matcherOf(word: string): (id: string) => boolean {
  const wanted = partsOf(word);
  const first = wanted[0] as string;
  return (id) => {
    if (id === word) return true;
    if (!id.startsWith(first)) return false;
    const parts = partsOf(id);
    return wanted.every((want, index) => {
      const part = parts[index];
      return part === want || part?.startsWith(`${want}[`) === true || part?.startsWith(`${want}@`) === true;
    });
  };
}
