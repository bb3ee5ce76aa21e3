/** @file What a command may have missed elsewhere: a file of the project that no `in:` names. */
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { StageFailure } from '../../event.ts';
import type { Stage } from '../../pipeline/graph.ts';

/** Undefined where nothing of the kind is seen. */
export function strayHint({ command }: Stage, folder: string, { code }: StageFailure): string | undefined {
  if (code !== 'command-not-found' && code !== 'command-not-executable' && code !== 'exit-non-zero')
    return undefined;
  const parts = command?.form === 'argv' ? command.words : [command?.parts ?? []];
  const texts = parts.flatMap((word) =>
    word.every((part) => typeof part === 'string') ? [word.join('')] : [],
  );
  const words = command?.form === 'argv' ? texts : texts.flatMap((text) => text.split(/\s+/));
  const stray = words.find(
    (word) => /[./]/.test(word) && !isAbsolute(word) && existsSync(join(folder, word)),
  );
  if (stray !== undefined) return `only what in: names is there, and ${stray} is not: give it as an input`;
  return code === 'command-not-found'
    ? 'it runs on another machine, in an empty folder: only what in: names is there'
    : undefined;
}
