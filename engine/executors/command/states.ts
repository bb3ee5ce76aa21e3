/** @file What a scheduler's commands print, as ids and states: pure functions of text. */
import type { Word } from '../records/state.ts';
import type { CommandState } from '../settings.ts';

const USUAL: { readonly [S in CommandState]: readonly string[] } = {
  queued: [
    'PENDING',
    'PEND',
    'PD',
    'QUEUED',
    'Q',
    'QW',
    'HQW',
    'WAITING',
    'W',
    'HELD',
    'H',
    'IDLE',
    'I',
    'SUBMITTED',
    'CONFIGURING',
    'CF',
  ],
  running: ['RUNNING', 'RUN', 'R', 'T', 'COMPLETING', 'CG', 'E', 'SUSPENDED', 'S', 'STARTING'],
  ended: [
    'DONE',
    'COMPLETED',
    'COMPLETE',
    'CD',
    'C',
    'FINISHED',
    'F',
    'SUCCEEDED',
    'FAILED',
    'EXIT',
    'EXITED',
    'ERROR',
    'EQW',
  ],
  cancelled: ['CANCELLED', 'CANCELED', 'CA', 'DELETED', 'REMOVED', 'X'],
  timeout: ['TIMEOUT', 'TO', 'DEADLINE'],
  oom: ['OUT_OF_MEMORY', 'OOM'],
  preempted: ['PREEMPTED', 'PR'],
  'node-lost': ['NODE_FAIL', 'NF', 'BOOT_FAIL', 'BF'],
};

const MEANING: ReadonlyMap<string, CommandState> = new Map(
  Object.entries(USUAL).flatMap(([state, words]) => words.map((word) => [word, state as CommandState])),
);

/** Lines `ID STATE`; a word that means nothing is no verdict. */
export function statesOf(
  text: string,
  own: { readonly [word: string]: CommandState } = {},
): Map<string, Word> {
  const words = new Map<string, Word>();
  for (const [id, state] of pairsOf(text)) {
    const meaning = Object.hasOwn(own, state) ? own[state] : MEANING.get(state.toUpperCase());
    if (meaning !== undefined) words.set(id, wordOf(meaning, state));
  }
  return words;
}

function wordOf(meaning: CommandState, state: string): Word {
  switch (meaning) {
    case 'queued':
    case 'running':
      return { kind: meaning };
    case 'ended':
      return { kind: 'over', said: `its scheduler says ${state}` };
    default:
      return { kind: 'over', said: `its scheduler says ${state}`, cause: meaning };
  }
}

/** The first two words of each line that has them. */
export function pairsOf(text: string): (readonly [string, string])[] {
  return text.split('\n').flatMap((line) => {
    const [first, second] = line.trim().split(/\s+/);
    return first === undefined || second === undefined ? [] : [[first, second] as const];
  });
}

/** What `submit` printed; the pattern was checked when the settings were read. */
export function idOf(text: string, pattern: string | undefined): string | undefined {
  if (pattern === undefined) return /\S+/.exec(text)?.[0];
  const match = new RegExp(pattern, 'm').exec(text);
  return match?.[1] ?? match?.[0];
}
