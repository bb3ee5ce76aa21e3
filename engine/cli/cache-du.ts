import { type KindUsage, usageByKind } from '../../cache/by-kind.ts';
import { cacheUsage } from '../../cache/usage.ts';
import { type Line, line, span } from '../report/line.ts';
import { bytes } from '../report/quantity.ts';
import { table } from '../report/table.ts';
import { answer, type Call, sourcesOf } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { projectHere } from './history.ts';

interface DuDocument {
  readonly schema: 'warren/cache-du/1';
  readonly cache: string;
  readonly bytes: number;
  readonly kinds: readonly KindUsage[];
  readonly unnamed: number;
  readonly quarantined: number;
}

/** `cache du`: bytes by kind of stage; what no result names and what was found corrupt stand apart. */
export function cacheDu(call: Call): Promise<ExitCode> {
  const { cache } = projectHere(call.cwd);
  const usage = cacheUsage(cache);
  const { kinds, named } = usageByKind(cache);
  const document: DuDocument = {
    schema: 'warren/cache-du/1',
    cache,
    bytes: usage.objects.bytes + usage.actions.bytes + usage.quarantined.bytes,
    kinds,
    unnamed: Math.max(0, usage.objects.bytes - named),
    quarantined: usage.quarantined.bytes,
  };
  answer(call, document, () => lines(call, document, usage.actions.bytes));
  return Promise.resolve(EXIT.done);
}

function lines(call: Call, document: DuDocument, records: number): Line[] {
  if (document.bytes === 0) return [line(`the cache is empty: ${sourcesOf(call.cwd).show(document.cache)}`)];
  const row = (what: string, results: string, size: number): Line => [
    span(what),
    span(results),
    span(bytes(size)),
  ];
  const rows = [
    [span('kind', 'dim'), span('results', 'dim'), span('size', 'dim')],
    ...document.kinds.map(({ kind, results, bytes: size }) => row(kind, String(results), size)),
    row('(records)', '', records),
    ...(document.unnamed > 0 ? [row('(in no result)', '', document.unnamed)] : []),
    ...(document.quarantined > 0 ? [row('(corrupt, set aside)', '', document.quarantined)] : []),
    row('all', '', document.bytes),
  ];
  return [...table(rows, ['left', 'right', 'right']), line(sourcesOf(call.cwd).show(document.cache), 'dim')];
}
