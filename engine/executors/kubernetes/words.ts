/** @file What the server says of a Job and its pod, as a word: pure functions of its JSON. */
import type { Json } from '../../../base/json.ts';
import { list, member, text } from '../api/server.ts';
import type { ExitCause } from '../executor.ts';
import type { Word } from '../records/state.ts';

/** `pod`: the latest of the Job, where there is one still. */
export function wordOf(job: Json | undefined, pod: Json | undefined): Word {
  if (job === undefined) return { kind: 'nobody' };
  const failed = condition(job, 'Failed');
  if (failed !== undefined) return over(failed, pod);
  if (condition(job, 'Complete') !== undefined) return { kind: 'over', said: 'Complete', code: 0 };
  if (member(job, 'spec', 'suspend') === true)
    return { kind: 'queued', why: 'suspended: its queue lets it wait' };
  switch (text(pod, 'status', 'phase')) {
    case 'Running':
      return { kind: 'running', host: text(pod, 'spec', 'nodeName') };
    case 'Failed':
    case 'Succeeded':
      // Its Job follows.
      return { kind: 'running', host: text(pod, 'spec', 'nodeName') };
    default:
      return { kind: 'queued', why: whyWaiting(pod) };
  }
}

function condition(object: Json | undefined, type: string): Json | undefined {
  return list(object, 'status', 'conditions').find(
    (each) => text(each, 'type') === type && text(each, 'status') === 'True',
  );
}

/** The scheduler's reason, else the container's: an image that cannot be had. */
function whyWaiting(pod: Json | undefined): string | undefined {
  const unplaced = list(pod, 'status', 'conditions').find(
    (each) => text(each, 'type') === 'PodScheduled' && text(each, 'status') === 'False',
  );
  const waiting = member(list(pod, 'status', 'containerStatuses')[0], 'state', 'waiting');
  const about = unplaced ?? waiting;
  const words = [text(about, 'reason'), text(about, 'message')].filter((word) => word !== undefined);
  return words.length === 0 ? undefined : words.join(': ');
}

function over(failed: Json, pod: Json | undefined): Word {
  const reason = text(failed, 'reason') ?? 'Failed';
  const message = text(failed, 'message');
  const terminated = member(list(pod, 'status', 'containerStatuses')[0], 'state', 'terminated');
  const code = member(terminated, 'exitCode');
  const ended = text(terminated, 'reason') ?? text(pod, 'status', 'reason');
  const said = [reason, ended, message].filter((word) => word !== undefined).join(': ');
  const cause = causeOf(reason, ended, text(condition(pod, 'DisruptionTarget'), 'reason'), code);
  return {
    kind: 'over',
    said,
    ...(cause !== undefined && { cause }),
    ...(typeof code === 'number' && { code }),
  };
}

/** Why a pod was put out, by its condition `DisruptionTarget`. */
const DISRUPTIONS: ReadonlyMap<string, ExitCause> = new Map([
  ['PreemptionByScheduler', 'preempted'],
  ['EvictionByEvictionAPI', 'preempted'],
  ['TerminationByKubelet', 'preempted'],
  ['DeletionByTaintManager', 'node-lost'],
  ['DeletionByPodGC', 'node-lost'],
]);

/** Words of a pod or a container that ended by no doing of its own. */
const ENDS: ReadonlyMap<string, ExitCause> = new Map([
  ['OOMKilled', 'oom'],
  ['Evicted', 'preempted'],
  ['Preempting', 'preempted'],
  ['NodeLost', 'node-lost'],
  ['NodeShutdown', 'node-lost'],
  ['Terminated', 'node-lost'],
  ['ContainerCannotRun', 'launch-failed'],
  ['StartError', 'launch-failed'],
]);

function causeOf(
  reason: string,
  ended: string | undefined,
  disruption: string | undefined,
  code: Json | undefined,
): ExitCause | undefined {
  if (disruption !== undefined) return DISRUPTIONS.get(disruption) ?? 'preempted';
  const known = ended === undefined ? undefined : ENDS.get(ended);
  if (known !== undefined) return known;
  if (reason === 'PodFailurePolicy') return 'preempted';
  if (reason === 'DeadlineExceeded') return 'timeout';
  // A pod that somebody deleted leaves no code.
  return code === undefined ? 'node-lost' : undefined;
}
