/** @file What a plan says below its table: stages that would wait, cannot run where they would go, or nobody knows. */
import type { StageId } from '../../base/ids.ts';
import { type Line, line, span, type Tone } from '../report/line.ts';
import type { Where } from '../run/where.ts';

const WORDS: {
  readonly [F in Exclude<Where['fits'], 'now'>]: { readonly word: string; readonly tone: Tone };
} = {
  later: { word: 'waits', tone: 'warn' },
  never: { word: 'cannot run', tone: 'bad' },
  unknown: { word: 'not known', tone: 'warn' },
};

/** Stages that share a reason share its lines. */
export function whereLines(wheres: ReadonlyMap<StageId, Where>): Line[] {
  const groups = new Map<string, { readonly where: Where; readonly stages: StageId[] }>();
  for (const [id, where] of wheres) {
    if (where.fits === 'now') continue;
    const key = JSON.stringify(where);
    const group = groups.get(key) ?? { where, stages: [] };
    groups.set(key, group);
    group.stages.push(id);
  }
  return [...groups.values()].flatMap(({ where, stages }) => groupLines(where, stages));
}

function groupLines({ profile, fits, why, fault }: Where, stages: readonly StageId[]): Line[] {
  if (fits === 'now') return [];
  const { word, tone } = WORDS[fits];
  const code = fault === null ? '' : `[${fault.code}]`;
  return [
    [
      span(`${word}${code}`, tone),
      span(`: ${stages.join(', ')} on ${profile}: ${why ?? fault?.message ?? ''}`),
    ],
    ...commandLines(fault?.command, fault?.output),
    ...hintLines(fault?.hint),
  ];
}

const MOST_OUTPUT = 10;

/** A command that failed, and the last lines of what it printed. */
export function commandLines(command: string | undefined, output = ''): Line[] {
  const printed = output.trimEnd().split('\n').slice(-MOST_OUTPUT);
  return [
    ...(command === undefined ? [] : [line(`  $ ${command}`)]),
    ...(output === '' ? [] : printed.map((text) => line(`  | ${text}`, 'dim'))),
  ];
}

export function hintLines(hint: string | undefined): Line[] {
  return hint === undefined ? [] : [[span('  hint: ', 'info'), span(hint)]];
}
