import type { JsonObject } from '../../base/json.ts';
import type { Failure } from './failure.ts';

/**
 * What the engine hands a stage process, as a JSON file named by `WARREN_TASK`. The same facts are in the
 * environment for commands of any language: WARREN_IN_<NAME>, WARREN_OUT_<NAME>, WARREN_PARAMS, WARREN_STATE, WARREN_EVENTS_FD, WARREN_CHECKPOINT_SECONDS (where set).
 * Names are upper-cased with `-` turned into `_`.
 */
export interface TaskFile {
  readonly schema: 'warren/task/1';
  readonly kind: string;
  /** Absolute path of the module that exports `run`. */
  readonly entry: string;
  /** Absolute paths; a map, list or group is a list of [label, path]. Optional inputs that are null are absent. */
  readonly in: { readonly [name: string]: string | readonly (readonly [label: string, path: string])[] };
  readonly out: { readonly [name: string]: string };
  readonly with: JsonObject;
  readonly state: string;
  /** Seconds between two checkpoints; absent: the kind's own choice. */
  readonly checkpointSeconds?: number | undefined;
  readonly threads: number;
}

/** JSON lines that a stage process writes on file descriptor 3 (WARREN_EVENTS_FD). Unknown types are ignored. */
export type StageMessage =
  | {
      readonly type: 'progress';
      readonly step: number;
      readonly total: number;
      readonly unit?: string;
      readonly metrics?: { readonly [name: string]: number };
    }
  | { readonly type: 'metric'; readonly name: string; readonly value: number; readonly step: number }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'report'; readonly markdown: string }
  | { readonly type: 'failure'; readonly failure: Failure };
