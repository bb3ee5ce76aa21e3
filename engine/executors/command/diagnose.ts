/** @file Whether the programs of a profile's commands are there. None is called: nobody knows what they do with no job. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Finding } from '../finding.ts';
import type { CommandSettings } from '../settings.ts';

export function diagnose(settings: CommandSettings): Promise<readonly Finding[]> {
  const commands = (['submit', 'poll', 'cancel', 'find'] as const).map(
    (name) => [name, settings[name]] as const,
  );
  return Promise.resolve(
    commands.flatMap(([what, words]): Finding[] =>
      words === undefined ? [] : [program(what, words.flat()[0] ?? '')],
    ),
  );
}

function program(what: string, name: string): Finding {
  const folders = name.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find(isProgram);
  if (found !== undefined) return { what, ok: true, found };
  const hint = name.includes('/') ? 'it has to be there, and executable' : 'install it, or write its path';
  return { what, ok: false, found: `${name} was not found`, hint };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
