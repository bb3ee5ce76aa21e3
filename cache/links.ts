/** @file Where links inside a folder lead, without asking the file system: the folder may not be there yet. */

/** As many links in one path as Linux follows; more of them lead nowhere. */
const MAX_HOPS = 40;

/**
 * The first link, by its path, that leads out of the folder. Other links on its way are followed as the system does: with
 * `here -> .`, the link `here/../x` is outside, though its text is not.
 */
export function escapingLink(links: ReadonlyMap<string, string>): string | undefined {
  for (const path of links.keys()) if (escapes(path, links)) return path;
  return undefined;
}

function escapes(path: string, links: ReadonlyMap<string, string>): boolean {
  const at = path.split('/').slice(0, -1);
  const ahead = partsOf(links.get(path) as string);
  for (let hops = 0; ; ) {
    const part = ahead.pop();
    if (part === undefined) return false;
    if (part === '' || part === '.') continue;
    // An absolute target begins with a part that no name can be.
    if (part === '/') return true;
    if (part === '..') {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(part);
    const target = links.get(at.join('/'));
    if (target === undefined) continue;
    hops += 1;
    if (hops > MAX_HOPS) return false;
    at.pop();
    ahead.push(...partsOf(target));
  }
}

/** Last part first. */
function partsOf(target: string): string[] {
  const parts = target.split('/');
  if (target.startsWith('/')) parts[0] = '/';
  return parts.reverse();
}
