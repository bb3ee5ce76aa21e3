import type { Diagnostic } from '../../base/diagnostic.ts';
import { openElsewhere } from '../plan/elsewhere.ts';
import { openWorld } from '../plan/world.ts';
import { type Line, line, span } from '../report/line.ts';
import { bytes, plural } from '../report/quantity.ts';
import { pull as pullResults, type Wanted } from '../transfer/pull.ts';
import { watchTransfer } from '../transfer/watch.ts';
import { answer, type Call, refuse } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { openTransfer, showTransfer, type TransferOptions } from './transfer.ts';

interface PullOptions extends TransferOptions {
  readonly all?: boolean;
}

interface PullDocument {
  readonly schema: 'warren/pull/1';
  readonly remote: string;
  readonly dryRun: boolean;
  readonly records: number;
  readonly objects: number;
  readonly bytes: number;
  /** Objects that are needed and that the remote does not have. */
  readonly missing: number;
  /** Stages without a result, here or there. */
  readonly without: readonly string[];
}

/** `pull FILE [STAGE...]`: what the pipeline needs and the cache lacks. */
export async function pull(
  call: Call,
  file: string,
  stages: readonly string[],
  options: PullOptions,
): Promise<ExitCode> {
  const opened = await openTransfer(call, file, stages, options);
  if (!opened.ok) return opened.error;
  const { index, project, lock, targets, remote } = opened.value;
  const { threads, dryRun = false } = options;
  const problems: Diagnostic[] = [];
  const elsewhere = openElsewhere(project.cache, remote, {
    warn: (problem) => problems.push({ ...problem, severity: 'error' }),
    moved: () => {},
  });
  const world = openWorld(project, { threads, lock: lock.entries, elsewhere });
  const wanted: Wanted = options.all === true ? 'all' : stages.length > 0 ? new Set(targets) : 'needed';
  const transfer = watchTransfer('pull', remote.shown, showTransfer(call));
  const pulled = await pullResults(index, world, remote, { targets, wanted, dryRun }, transfer.moved);
  elsewhere.close();
  world.memo.flush();
  const { faults, ...counts } = pulled;
  const known = new Set(problems.map(({ message }) => message));
  for (const { code, message, hint } of faults) {
    if (!known.has(message)) problems.push({ code, severity: 'error', message, hint });
  }
  const records = elsewhere.found();
  const document: PullDocument = {
    schema: 'warren/pull/1',
    remote: remote.shown,
    dryRun,
    records,
    ...counts,
  };
  if (problems.length > 0) {
    refuse(call, problems);
    return EXIT.failed;
  }
  answer(call, document, () => (call.quiet ? [] : lines(document)));
  return document.missing > 0 ? EXIT.failed : EXIT.done;
}

function lines({ remote, dryRun, records, objects, bytes: size, missing, without }: PullDocument): Line[] {
  const what = `${plural(records, 'record')}, ${plural(objects, 'object')}, ${bytes(size)}`;
  const said: Line[] =
    records + objects === 0
      ? [line('nothing to pull: all that is needed is here')]
      : [[span(dryRun ? 'would pull ' : 'pulled ', 'info'), span(`${what} from ${remote}`)]];
  if (missing > 0)
    said.push([span('missing ', 'bad'), span(`${plural(missing, 'object')} that ${remote} lacks`)]);
  if (without.length > 0) said.push([span('no result ', 'warn'), span(without.join(', '))]);
  return said;
}
