/** @file Tells where an attempt is: `stage-placed` whenever that changes, and how long it waited there. */
import type { EventOf } from '../event.ts';
import type { Handle, State } from '../executors/contract.ts';
import type { Stage } from '../pipeline/graph.ts';
import type { RunContext } from './context.ts';
import type { Placed } from './placement.ts';
import type { Adopted, Task } from './process.ts';

interface Places {
  submitted(handle: Handle): void;
  state(state: State): void;
  /** Seconds so far between its submission and its start. */
  queued(): number;
}

type Where = Omit<EventOf<'stage-placed'>, 'type' | 'at' | 'stage' | 'profile' | 'adopted'>;

/** A process of this machine that waits for nobody and has no GPU is nowhere to be told of. */
export function announcePlaces(
  { emit }: Pick<RunContext, 'emit'>,
  { id: stage }: Stage,
  { host }: Task,
  { profile, executor, lease }: Placed,
  adopted: Adopted | undefined,
): Places {
  const isTold = executor.capabilities.queues || executor.capabilities.survivesEngine || lease !== undefined;
  const began = adopted?.at ?? Date.now();
  let started: number | undefined;
  let last: Where = { state: 'queued', host, since: adopted?.at };
  let said = '';

  function tell(where: Where): void {
    last = where;
    const text = JSON.stringify(where);
    if (!isTold || text === said) return;
    said = text;
    const known = { type: 'stage-placed', at: Date.now(), stage, profile, ...where } as const;
    emit(adopted === undefined ? known : { ...known, adopted: true });
  }

  return {
    submitted: ({ id }) => {
      const job = executor.capabilities.queues ? id : undefined;
      if (executor.capabilities.queues) tell({ ...last, job });
      else last = { ...last, job };
    },
    state: (state) => {
      switch (state.kind) {
        case 'queued':
          tell({ state: 'queued', job: last.job, host, since: adopted?.at, why: state.why });
          break;
        case 'running':
          started ??= between(began, state.since ?? Date.now(), Date.now());
          tell({
            state: 'running',
            job: last.job,
            host: state.host ?? host,
            gpus: state.gpus,
            since: started,
          });
          break;
        case 'unknown':
          tell({ ...last, why: state.why });
          break;
        case 'ended':
        case 'lost':
          break;
      }
    },
    queued: () => {
      // Of one that ended before anybody saw it run, only the executor could say.
      if (!executor.capabilities.queues || started === undefined) return 0;
      return Math.max(0, (started - began) / 1000);
    },
  };
}

/** By our own clock it began after its submission and before now, whatever the clock of its host says. */
function between(least: number, at: number, most: number): number {
  return Math.min(Math.max(least, at), most);
}
