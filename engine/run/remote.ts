/** @file The remote in a run: opened when there is one, heard through the run's own events. */
import type { Diagnostic } from '../../base/diagnostic.ts';
import { openRemote } from '../../cache/remotes/open.ts';
import type { RemotePlace } from '../../cache/remotes/remote.ts';
import type { Emit, Event } from '../event.ts';
import type { Source } from '../pipeline/graph.ts';
import { type Elsewhere, openElsewhere } from '../plan/elsewhere.ts';
import { type OutputsOf, resolveSource } from '../plan/resolve.ts';
import { watchTransfer } from '../transfer/watch.ts';
import type { RunContext } from './context.ts';

/** A run is not held up for long by a remote that does not answer: what it has would only save time. */
const PATIENCE = { tries: 2, wait: 4000 };

export interface RunRemote {
  readonly elsewhere: Elsewhere | undefined;
  /** Where events go from now on; what was said before goes there first. */
  listen(emit: Emit): void;
  /** Nothing more is asked; says what has moved. */
  close(): void;
}

export async function openRunRemote(
  cache: string,
  place: RemotePlace | undefined,
  stop?: AbortSignal,
): Promise<RunRemote> {
  let early: Event[] = [];
  let emit: Emit = (event) => early.push(event);
  const warn = (diagnostic: Diagnostic): void => emit({ type: 'warning', at: Date.now(), diagnostic });
  const listen = (to: Emit): void => {
    emit = to;
    for (const event of early) emit(event);
    early = [];
  };
  if (place === undefined) return { elsewhere: undefined, listen, close: () => {} };
  const opened = await openRemote(place, process.env, PATIENCE);
  if (!opened.ok) {
    const { code, message, hint } = opened.error;
    warn({ code, severity: 'warning', message, hint });
    return { elsewhere: undefined, listen, close: () => {} };
  }
  const { shown } = opened.value;
  const transfer = watchTransfer('pull', shown, (event) => emit(event));
  const elsewhere = openElsewhere(cache, opened.value, {
    warn,
    moved: transfer.moved,
    without: 'it goes on without the remote',
    stop,
  });
  const close = (): void => {
    elsewhere.close();
    transfer.end();
  };
  return { elsewhere, listen, close };
}

/** Brings the bytes of results that a stage or the user needs. True if anything came that was not here. */
export async function bringSources(
  { index, world }: RunContext,
  sources: readonly Source[],
  outputsOf: OutputsOf,
): Promise<boolean> {
  const { elsewhere } = world;
  if (elsewhere === undefined) return false;
  const resolve = () => sources.map((source) => resolveSource(source, index, world, outputsOf));
  const lists = resolve().flatMap((each) =>
    !each.ok && each.error.kind === 'lost' ? [each.error.artifact] : [],
  );
  const listed = lists.length > 0 && (await elsewhere.list(lists));
  const artifacts = resolve().flatMap((each) => (each.ok ? [each.value.artifact] : []));
  return (await elsewhere.bring(artifacts)) || listed;
}
