/** @file What a command may have missed elsewhere: a file of the project that no `in:` names. */
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { StageFailure } from '../../event.ts';
import type { CommandPart, Stage } from '../../pipeline/graph.ts';

/** Undefined where nothing of the kind is seen. */
export function strayHint({ command }: Stage, folder: string, { code }: StageFailure): string | undefined {
  if (code !== 'command-not-found' && code !== 'command-not-executable' && code !== 'exit-non-zero')
    return undefined;
  const words = literals(command);
  const stray = words.find(
    (word) => /[./]/.test(word) && !isAbsolute(word) && existsSync(join(folder, word)),
  );
  if (stray !== undefined) return `only what in: names is there, and ${stray} is not: give it as an input`;
  return code === 'command-not-found'
    ? 'it runs on another machine, in an empty folder: only what in: names is there'
    : undefined;
}

/** Words of a command as they are written, as far as they are. */
function literals(command: Stage['command']): string[] {
  if (command === undefined) return [];
  const isText = (part: CommandPart): part is string => typeof part === 'string';
  switch (command.form) {
    case 'argv':
      return command.words.flatMap((parts) => (parts.every(isText) ? [parts.join('')] : []));
    case 'shell':
      return command.parts.filter(isText).flatMap((text) => text.split(/[\s;&|()<>]+/));
  }
}
