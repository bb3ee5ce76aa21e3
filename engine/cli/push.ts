import { openWorld } from '../plan/world.ts';
import { type Line, line, span } from '../report/line.ts';
import { bytes, plural } from '../report/quantity.ts';
import { type Pushed, push as pushResults } from '../transfer/push.ts';
import { watchTransfer } from '../transfer/watch.ts';
import { answer, type Call } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { failed, openTransfer, showTransfer, type TransferOptions } from './transfer.ts';

interface PushOptions extends TransferOptions {
  readonly force?: boolean;
}

interface PushDocument extends Pushed {
  readonly schema: 'warren/push/1';
  readonly remote: string;
  readonly dryRun: boolean;
}

/** `push FILE [STAGE...]`: the results that are here, with all that they were made from. */
export async function push(
  call: Call,
  file: string,
  stages: readonly string[],
  options: PushOptions,
): Promise<ExitCode> {
  const opened = await openTransfer(call, file, stages, options);
  if (!opened.ok) return opened.error;
  const { index, project, lock, targets, remote } = opened.value;
  const { threads, dryRun = false, force: replace = false } = options;
  const world = openWorld(project, { threads, lock: lock.entries });
  const transfer = watchTransfer('push', remote.shown, showTransfer(call));
  const pushed = await pushResults(index, world, remote, { targets, replace, dryRun }, transfer.moved);
  world.memo.flush();
  if (!pushed.ok) return failed(call, [pushed.error]);
  const document: PushDocument = {
    schema: 'warren/push/1',
    remote: remote.shown,
    dryRun,
    ...pushed.value,
  };
  answer(call, document, () => (call.quiet ? [] : lines(document)));
  return EXIT.done;
}

function lines({ remote, dryRun, records, objects, bytes: size, kept, missing }: PushDocument): Line[] {
  const what = `${plural(records, 'record')}, ${plural(objects, 'object')}, ${bytes(size)}`;
  const said: Line[] =
    records + objects === 0
      ? [line(`nothing to push: ${remote} has it all`)]
      : [[span(dryRun ? 'would push ' : 'pushed ', 'info'), span(`${what} to ${remote}`)]];
  if (kept.length > 0) {
    said.push([
      span('kept ', 'warn'),
      span(`${kept.join(', ')}: ${remote} has other bytes for the same work`),
    ]);
    said.push([span('  hint: ', 'info'), span('--force replaces them')]);
  }
  if (missing.length > 0) said.push([span('no result ', 'warn'), span(missing.join(', '))]);
  return said;
}
