/** @file The objects that an attempt needs, to its host: only what is lacking there. */
import { existsSync } from 'node:fs';
import { digestFileInTurns } from '../../../base/digest.ts';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Link } from '../../site/link.ts';
import { type SendFault, sendObjects } from '../../site/sending.ts';
import type { Good, PrepareFault } from '../site.ts';

export async function sendGoods(
  link: Link,
  goods: readonly Good[],
  signal: AbortSignal,
): Promise<Result<undefined, PrepareFault>> {
  const sent = await sendObjects(link, goods, { signal });
  return sent.ok ? ok(undefined) : err(await faultOf(sent.error));
}

/** What does not have its digest when it arrives may be wrong here, or may have come to harm on its way. */
async function faultOf({ parcel, fault }: SendFault): Promise<PrepareFault> {
  const good = parcel as Good | undefined;
  const wrong = fault.code === 'remote-wrong-bytes' || fault.code === 'object-gone';
  if (good === undefined || !wrong || 'text' in good.from) return { kind: 'fault', fault };
  const { file } = good.from;
  if (existsSync(file) && (await digestFileInTurns(file)) === good.digest) return { kind: 'fault', fault };
  if (good.loose !== undefined) return { kind: 'changed', file: good.loose };
  return { kind: 'lost', digest: good.digest };
}
