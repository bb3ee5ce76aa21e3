/** @file Which program this is. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Written by the build, with the digest of all that was built. */
const RECORD = fileURLToPath(new URL('../build.json', import.meta.url));

/** A file that changes whenever the program does; sources, which nobody built, are stood for by one of them. */
export const BUILD: string = existsSync(RECORD) ? RECORD : fileURLToPath(import.meta.url);
