/** @file What can be wrong with a call over a link, other than its answer. */
import type { ExecutorFault } from '../executors/contract.ts';
import { type HostLine, shownCall } from './ssh.ts';

/** Seconds from which clocks that differ are worth a word. */
const MOST_SKEW = 60;

export function warningsOf(line: HostLine, skew: number): ExecutorFault[] {
  if (Math.abs(skew) <= MOST_SKEW) return [];
  const how = skew > 0 ? 'ahead' : 'behind';
  return [
    {
      code: 'clock-skew',
      message: `The clock of ${line.host} is ${Math.abs(skew)} s ${how} of this machine's.`,
      hint: 'times in its logs are off, and nothing else: no clock is compared with it; set it by NTP',
      command: shownCall(line, 'date'),
      passing: true,
    },
  ];
}

export function unreachableYet(line: HostLine): ExecutorFault {
  const message = `${line.host} does not answer.`;
  return { code: 'host-unreachable', message, command: shownCall(line), passing: true };
}

export function answerLost(line: HostLine, { command, output }: ExecutorFault): ExecutorFault {
  const message = `The connection to ${line.host} was lost before an answer came.`;
  return { code: 'answer-lost', message, command, output, passing: true };
}

export function interrupted(line: HostLine): ExecutorFault {
  return { code: 'interrupted', message: `A call to ${line.host} was interrupted.`, passing: true };
}

export function closedFault(line: HostLine): ExecutorFault {
  return { code: 'link-closed', message: `The link to ${line.host} is closed.`, passing: true };
}

export function wrongAnswer(line: HostLine, op: string): ExecutorFault {
  const message = `${line.host} answers ${op} with something else than an answer.`;
  return { code: 'remote-answer', message, passing: false };
}
