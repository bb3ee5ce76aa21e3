import type { EventOf } from '../event.ts';
import { type Line, span } from './line.ts';
import { bytes, duration, plural } from './quantity.ts';

type Transfer = Pick<
  EventOf<'transfer'>,
  'direction' | 'remote' | 'objects' | 'of' | 'bytes' | 'seconds' | 'done'
>;

/** `pulled 12 objects, 3.4 MiB from s3://bucket in 1.2s`; before the end, how far it is and how fast. */
export function transferLine({
  direction,
  remote,
  objects,
  of,
  bytes: count,
  seconds,
  done,
}: Transfer): Line {
  const way = direction === 'pull' ? 'from' : 'to';
  if (done) {
    const what = `${plural(objects, 'object')}, ${bytes(count)} ${way} ${remote} in ${duration(seconds)}`;
    return [span(direction === 'pull' ? 'pulled ' : 'pushed ', 'info'), span(what)];
  }
  const rate = seconds > 0 ? `, ${bytes(Math.round(count / seconds))}/s` : '';
  const what = `${objects}/${plural(of, 'object')}, ${bytes(count)}${rate} ${way} ${remote}`;
  return [span(direction === 'pull' ? 'pulling ' : 'pushing ', 'dim'), span(what)];
}
