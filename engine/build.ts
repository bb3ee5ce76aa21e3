/** @file Which program this is. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Written by the build, with the digest of all that was built. */
const RECORD = fileURLToPath(new URL('../build.json', import.meta.url));
const BUILT = existsSync(RECORD);

/** A file that changes whenever the program does; sources, which nobody built, are stood for by one of them. */
export const BUILD: string = BUILT ? RECORD : fileURLToPath(import.meta.url);

/** Names the build; undefined for sources, which may change while they are used. */
export function buildName(): string | undefined {
  return BUILT ? readFileSync(RECORD, 'utf8') : undefined;
}
