import {
  type BadObject,
  type Needing,
  type Verified,
  type VerifyOptions,
  verifyCache,
} from '../../cache/verify.ts';
import { type Line, line, span } from '../report/line.ts';
import { bytes, plural } from '../report/quantity.ts';
import { openRunRemote } from '../run/remote.ts';
import { answer, type Call, refuse, sourcesOf, warn } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { projectHere } from './history.ts';
import { defaultRemote } from './remote-place.ts';

interface VerifyDocument extends Verified {
  readonly schema: 'warren/cache-verify/1';
  readonly cache: string;
  readonly ok: boolean;
  readonly repaired: boolean;
}

/** `cache verify [--repair]`: 1 if something is bad and stays so. */
export async function cacheVerify(call: Call, options: { readonly repair?: boolean }): Promise<ExitCode> {
  const project = projectHere(call.cwd);
  const { cache } = project;
  const repaired = options.repair === true;
  const place = await defaultRemote(project, repaired);
  if (!place.ok) return refuse(call, place.error);
  const remote = await openRunRemote(cache, place.value);
  remote.listen((event) => {
    if (event.type === 'warning' && !call.quiet) warn(call, [event.diagnostic]);
  });
  const fetch: VerifyOptions['fetch'] = async (digest, form) =>
    remote.elsewhere?.bring([{ digest, form }]) ?? false;
  const verified = await verifyCache(cache, { repair: repaired, fetch });
  remote.close();
  const ok = verified.bad.length === 0 && verified.badRecords.length === 0;
  const document: VerifyDocument = { schema: 'warren/cache-verify/1', cache, ok, repaired, ...verified };
  answer(call, document, () => lines(document, sourcesOf(call.cwd).show));
  return ok || repaired ? EXIT.done : EXIT.failed;
}

const FAULTS: { readonly [F in BadObject['fault']]: string } = {
  corrupt: 'corrupt',
  missing: 'missing',
  'bad-list': 'a folder that cannot be',
};

function lines(document: VerifyDocument, show: (path: string) => string): Line[] {
  const { bad, badRecords, strangers, objects, records, repaired } = document;
  const aside = repaired ? 'removed' : 'set aside';
  return [
    ...bad.flatMap(({ fault, digest, needed, fetched }): Line[] => [
      [
        span(FAULTS[fault], 'bad'),
        span(` object ${digest.slice(7, 19)}`),
        span(fetched ? ', fetched again' : fault === 'corrupt' ? `, ${aside}` : '', 'dim'),
      ],
      ...needed.map((each) => line(`  needed by ${neededBy(each)}`)),
    ]),
    ...badRecords.map((path) => [
      span('not a record', 'bad'),
      span(` ${show(path)}`),
      span(repaired ? ', removed' : ', counts as none', 'dim'),
    ]),
    ...strangers.map((path) => [span('not an object', 'warn'), span(` ${show(path)}`)]),
    line(
      `${plural(objects, 'object')} of ${plural(records, 'result')} whole, ${bytes(document.bytes)} read; ${bad.length + badRecords.length} bad`,
    ),
    ...(bad.length > 0
      ? [line('stages whose results are not whole run again when they are needed', 'dim')]
      : []),
    line(show(document.cache), 'dim'),
  ];
}

function neededBy({ stage, pipeline, kind, key }: Needing): string {
  const short = key.slice(7, 19);
  return stage === null ? `a result of ${kind} (${short})` : `${pipeline}: ${stage} (${short})`;
}
