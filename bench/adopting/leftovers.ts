/** @file What lies in `.warren` when all is done. Logs and fingerprints are meant to; the rest has to be explained. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Each with the reason that is known, or without one. */
export function leftoversIn(project: string): { explained: string[]; unexplained: string[] } {
  const home = join(project, '.warren');
  const explained: string[] = [];
  const unexplained = names(home)
    .filter((name) => name.startsWith('.tmp-'))
    .map((name) => join(home, name));
  for (const key of names(join(home, 'attempts'))) {
    const folder = join(home, 'attempts', key);
    const parts = names(folder).flatMap((name) =>
      /^\d+$/.test(name) ? names(join(folder, name)).map((part) => `${name}/${part}`) : [name],
    );
    const more = parts.filter((part) => !/^(\d+\/log|fingerprint\.json|state)$/.test(part));
    if (names(join(folder, 'state')).length > 0) more.push('state/*');
    if (more.length === 0) continue;
    const hex = key.slice(-64);
    const published = existsSync(join(home, 'cache/actions', hex.slice(0, 2), `${hex.slice(2)}.json`));
    const text = `${key.slice(0, 12)}: ${more.join(' ')}`;
    // An engine died between the two: the next cleaning takes it.
    if (published) explained.push(text);
    else unexplained.push(text);
  }
  return { explained, unexplained };
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
