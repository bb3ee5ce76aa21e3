/** @file Anthropic HH transcripts: "\n\nHuman: ...\n\nAssistant: ...", the last assistant turn is the response. */
import { err, ok, type Result } from '../../base/result.ts';

/** Why a transcript or a pair is not used. */
export type TranscriptFault = 'prompts-differ' | 'empty-response' | 'identical-responses' | 'wrong-roles';

export interface TranscriptError {
  readonly code: TranscriptFault;
  /** One sentence; holds no text of the transcript. */
  readonly message: string;
}

export interface SplitTranscript {
  /** Everything up to and with the last "\n\nAssistant:". */
  readonly prompt: string;
  /** The rest, its leading space kept: prompt + response is the transcript. */
  readonly response: string;
}

export interface SplitPair {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

const assistant = '\n\nAssistant:';
const turn = /\n\n(Human|Assistant):/g;

/** Splits at the last "\n\nAssistant:" without a look at the other turns; null where there is none. */
function cut(transcript: string): SplitTranscript | null {
  const at = transcript.lastIndexOf(assistant);
  if (at === -1) return null;
  const end = at + assistant.length;
  return { prompt: transcript.slice(0, end), response: transcript.slice(end) };
}

function rolesFault(transcript: string): string | null {
  if (!transcript.startsWith('\n\nHuman:')) return 'it does not start with a human turn';
  const roles = [...transcript.matchAll(turn)].map((match) => match[1]);
  const broken = roles.findIndex((role, i) => role !== (i % 2 === 0 ? 'Human' : 'Assistant'));
  if (broken !== -1) return `turns ${broken} and ${broken + 1} have the same role`;
  return roles.length % 2 === 0 ? null : 'it ends on a human turn';
}

/** Prompt and response of a transcript, or `wrong-roles` or `empty-response`. */
export function splitTranscript(transcript: string): Result<SplitTranscript, TranscriptError> {
  const split = cut(transcript);
  const roles = rolesFault(transcript);
  if (split === null || roles !== null)
    return err({
      code: 'wrong-roles',
      message: `Roles do not alternate: ${roles ?? 'there is no assistant turn'}.`,
    });
  if (split.response.trim() === '')
    return err({ code: 'empty-response', message: 'The last assistant turn is empty.' });
  return ok(split);
}

/**
 * The pair of two transcripts that share everything up to the last assistant turn, or the first fault in this order:
 * `prompts-differ`, `empty-response`, `wrong-roles`, `identical-responses`.
 */
export function splitPair(chosen: string, rejected: string): Result<SplitPair, TranscriptError> {
  const good = cut(chosen);
  const bad = cut(rejected);
  if (good !== null && bad !== null) {
    if (good.prompt !== bad.prompt)
      return err({
        code: 'prompts-differ',
        message: 'The two transcripts differ before their last assistant turn.',
      });
    const empty = [good, bad].findIndex((side) => side.response.trim() === '');
    if (empty !== -1)
      return err({ code: 'empty-response', message: `The last assistant turn of ${sides[empty]} is empty.` });
  }
  const splits = [chosen, rejected].map(splitTranscript);
  for (const [i, split] of splits.entries())
    if (!split.ok) return err({ code: split.error.code, message: `In ${sides[i]}: ${split.error.message}` });
  if (good === null || bad === null)
    throw new Error('Internal error: a split transcript has no assistant turn');
  if (good.response === bad.response)
    return err({ code: 'identical-responses', message: 'The two responses are the same text.' });
  return ok({ prompt: good.prompt, chosen: good.response, rejected: bad.response });
}

const sides = ['chosen', 'rejected'] as const;
