/** @file What a host sees of a job, as the job's state. Pure. */
import type { State } from '../contract.ts';
import { stateOf } from '../records/state.ts';
import type { JobLook } from './requests.ts';

/** Milliseconds: whoever is gone has written what it was going to write, on the same machine. */
const GRACE = 1000;

/** `gone`: milliseconds since its process was first seen to be gone. */
export function stateOfLook({ alive, rebooted, records }: JobLook, host: string, gone: number): State {
  const patience = { gone, grace: rebooted ? 0 : GRACE };
  if (alive) return stateOf(records, { kind: 'running', host }, patience);
  const said = rebooted ? `${host} was started again` : `its process on ${host} is gone`;
  const state = stateOf(records, { kind: 'over', said }, patience);
  return state.kind === 'running' ? { ...state, host } : state;
}
