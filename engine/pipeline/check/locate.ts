/** @file From a JSON pointer of the validator to the place in the file. */
import type { Node, Range } from '../yaml/tree.ts';

export interface Located {
  readonly node: Node | undefined;
  /** The key that leads to the node, or the fallback at the root and in lists. */
  readonly keyRange: Range;
}

/** `pointer` is RFC 6901. Stops at the deepest value that the file holds: below it come defaults. */
export function locate(root: Node | undefined, pointer: string, fallback: Range): Located {
  let node = root;
  let keyRange = fallback;
  for (const part of pointer.split('/').slice(1)) {
    const segment = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (node?.kind === 'map') {
      const entry = node.entries.get(segment);
      if (entry === undefined) break;
      keyRange = entry.keyRange;
      node = entry.value;
    } else if (node?.kind === 'list') {
      const item = node.items[Number(segment)];
      if (item === undefined) break;
      keyRange = item.range;
      node = item;
    } else break;
  }
  return { node, keyRange };
}
