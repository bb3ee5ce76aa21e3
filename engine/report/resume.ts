import type { Json } from '../../base/json.ts';
import type { EventOf } from '../event.ts';

const FLAGS = ['with', 'set', 'in', 'until', 'profile'] as const;

/** The command that goes on with a run: its file, stages and overrides, quoted for a shell. */
export function resumeCommand(started: EventOf<'run-started'>, show: (path: string) => string): string {
  const { file, targets, stages, overrides } = started;
  const taking = stages.filter(({ label }) => label !== 'skip');
  const named = targets.length < taking.length ? targets : [];
  const flags = FLAGS.flatMap((flag) => textsOf(overrides[flag]).flatMap((text) => [`--${flag}`, text]));
  return ['warren', 'run', show(file), ...named, ...flags].map(quoted).join(' ');
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : [];
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
