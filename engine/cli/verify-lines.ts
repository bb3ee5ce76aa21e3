/** @file What `verify` found, for people: a line a stage, and under it what differs. */
import type { StageId } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import { unreachable } from '../../base/result.ts';
import { type Line, line, padded, span, type Tone } from '../report/line.ts';
import { duration, metric, plural } from '../report/quantity.ts';
import type { Difference } from '../verify/difference.ts';
import type { Verdict, Verified } from '../verify/verify.ts';

const TONES: { readonly [V in Verdict]: Tone } = {
  equal: 'good',
  different: 'bad',
  failed: 'bad',
  unverified: 'warn',
  skipped: 'dim',
  cancelled: 'warn',
};
const VERDICTS = Object.keys(TONES) as Verdict[];

/** `printed`: the last lines of a stage that failed. */
export function verifyLines(
  verified: readonly Verified[],
  printed: (id: StageId) => readonly string[],
): Line[] {
  const columns = Math.max(0, ...verified.map(({ id }) => id.length));
  const stages = verified.flatMap((each) => [headLine(each, columns), ...detailLines(each, printed)]);
  const counts = VERDICTS.map((verdict) => ({
    verdict,
    count: verified.filter((each) => each.verdict === verdict).length,
  })).filter(({ count }) => count > 0);
  const summary = counts.flatMap(({ verdict, count }, at) => [
    span(`${at > 0 ? ', ' : ''}${count} ${verdict}`, TONES[verdict]),
  ]);
  return [...stages, [], summary];
}

function headLine(
  { id, verdict, times, seconds, reason, failure, elsewhere }: Verified,
  columns: number,
): Line {
  const ran = times === 0 ? '' : `${duration(seconds)}${times > 1 ? `, ${times} times` : ''}`;
  const where = elsewhere ? 'recorded on another class of machine' : '';
  const said = [ran, reason ?? '', failure?.message ?? '', where].filter((text) => text !== '').join('  ');
  return [padded(id, columns, 'strong'), span('  '), padded(verdict, 10, TONES[verdict]), span(`  ${said}`)];
}

function detailLines(
  { id, outputs, failure }: Verified,
  printed: (id: StageId) => readonly string[],
): Line[] {
  const lines: Line[] = [];
  for (const { output, time, differences, more, within } of outputs) {
    for (const each of differences) {
      const file = each.member === '' ? output : `${output}/${each.member}`;
      lines.push([span(`  ${file}`), span(`  ${differenceText(each)}`, 'dim')]);
    }
    if (more > 0) lines.push(line(`  ${output}  and ${more} more`, 'dim'));
    if (within > 0) lines.push(line(`  ${output}  ${plural(within, 'number')} within the tolerance`, 'dim'));
    if (time > 1) lines.push(line(`  ${output}  was equal before time ${time}`, 'dim'));
  }
  if (failure !== null) for (const text of printed(id)) lines.push([span('  | ', 'dim'), span(text)]);
  return lines;
}

function differenceText(difference: Difference): string {
  switch (difference.kind) {
    case 'missing':
      return 'was recorded, and is not made now';
    case 'added':
      return 'is made now, and was not recorded';
    case 'form':
      return `was recorded as ${difference.before}, and is ${difference.after}`;
    case 'lost':
      return 'differs; the recorded bytes are not in the cache any more';
    case 'bytes': {
      const { before, after, at } = difference;
      const sizes = before === after ? `${before} bytes` : `${before} -> ${after} bytes`;
      return `bytes differ from offset ${at} on (${sizes})`;
    }
    case 'tensor': {
      const { tensor, count, of, largest } = difference;
      if (count === null) return `tensor ${tensor}: another shape or type`;
      const most = largest === null ? '' : `, by at most ${metric(largest)}`;
      return `tensor ${tensor}: ${count} of ${plural(of, 'value')} differ${most}`;
    }
    case 'field':
      return `${difference.path}  ${shown(difference.before)} -> ${shown(difference.after)}`;
    default:
      return unreachable(difference);
  }
}

const MOST_SHOWN = 60;

function shown(value: Json | undefined): string {
  const text = value === undefined ? 'none' : JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
