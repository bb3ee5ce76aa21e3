/**
 * @file Answers a call from its seal when nothing has changed: the way of a run that has nothing to do. It must stay
 * cheap, so it imports little, and looks only at times.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { digestBytes, hexOf } from '../../base/digest.ts';
import type { Digest, Key, RunId, StageId } from '../../base/ids.ts';
import { changedSince, type Guard } from '../../cache/guards.ts';
import { identityOf } from '../../cache/identity.ts';
import { errnoOf, writeAtomic } from '../../cache/publish.ts';
import { touch } from '../../cache/touch.ts';
import type { Event, EventOf } from '../event.ts';
import { type Look, stillThere } from '../pipeline/reads.ts';
import { type Machine, thisMachine } from '../plan/machine.ts';
import { findProject, type Project } from '../project.ts';
import { openJournal } from './journal.ts';
import type { PutBack, SealedPlace } from './putting-back.ts';
import { type Request, requestOf } from './request.ts';
import { type RunResult, type SkippedStage, skippedEvents, skippedResult } from './result.ts';

export interface Seal {
  readonly schema: 'warren/seal/8';
  readonly cache: string;
  /** What says to `cache gc` when these results were last asked for; null where the cache cannot be written. */
  readonly root: string | null;
  /** The pipeline file, inputs and code. */
  readonly guards: readonly Guard[];
  /** Files that the pipeline names and no stage of this call reads. */
  readonly looks: readonly Look[];
  /** Of the pipeline file: said at every call. */
  readonly warnings: readonly Diagnostic[];
  /** Records of the stages, by path and identity. */
  readonly actions: readonly (readonly [path: string, identity: string])[];
  /** Set where a stage's key holds facts of the machine. */
  readonly machine?: Machine | undefined;
  readonly pipeline: string;
  readonly file: string;
  readonly targets: readonly StageId[];
  readonly stages: readonly SealedStage[];
  readonly skipped: readonly SkippedStage[];
  readonly out: { readonly [name: string]: string };
  /** What lies there, by name. */
  readonly places: readonly SealedPlace[];
  /** The lock file names what is sealed, or there is none: `--frozen` has nothing to refuse. */
  readonly locked: boolean;
}

export interface SealedStage {
  readonly id: StageId;
  readonly kind: string;
  readonly key: Key;
  readonly outputs: { readonly [name: string]: Digest };
  readonly from: RunId;
  readonly accepted?: true | undefined;
}

export interface Answer {
  readonly result: RunResult;
  readonly warnings: readonly Diagnostic[];
  /** What a reporter is told, in order. */
  readonly events: readonly Event[];
}

export function sealPath(project: Project, request: Request): string {
  return join(project.home, 'seals', `${hexOf(request.digest)}.json`);
}

/** The answer to `warren ARGS`, if it is a run of which everything is fresh or only to be put back; undefined: load and plan. */
export async function answerAtOnce(args: readonly string[], cwd: string): Promise<Answer | undefined> {
  const request = requestOf(args, cwd);
  if (request === undefined) return undefined;
  const project = findProject(request.file);
  const seal = readSeal(sealPath(project, request));
  if (seal === undefined || seal.cache !== project.cache || !holds(seal)) return undefined;
  if (!seal.locked && args.includes('--frozen')) return undefined;
  if (seal.root !== null && !touch(seal.root)) return undefined;
  if (seal.places.every(({ guards }) => changedSince(guards) === undefined))
    return answer(seal, project, NOTHING);
  const { putBack } = await import('./putting-back.ts');
  const back = putBack(project, seal.places);
  const given = back && answer(seal, project, back);
  if (given !== undefined) keepSeal(sealPath(project, request), { ...seal, places: back?.places ?? [] });
  return given;
}

const NOTHING: Pick<PutBack, 'events' | 'restored'> = { events: [], restored: new Set() };

/** Without a seal the next run only takes the longer way. */
export function keepSeal(path: string, seal: Seal): void {
  try {
    writeAtomic(path, sealText(seal));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** With the digest of the line behind it: a seal that lost a bit is none. */
function sealText(seal: Seal): string {
  const line = JSON.stringify(seal);
  return `${line}\n${digestBytes(line)}\n`;
}

function readSeal(path: string): Seal | undefined {
  try {
    const [line = '', check] = readFileSync(path, 'utf8').split('\n');
    if (check !== digestBytes(line)) return undefined;
    const seal = JSON.parse(line) as Seal;
    return seal.schema === 'warren/seal/8' ? seal : undefined;
  } catch {
    return undefined;
  }
}

function holds({ guards, looks, actions, machine }: Seal): boolean {
  if (machine !== undefined && JSON.stringify(machine) !== JSON.stringify(thisMachine())) return false;
  if (changedSince(guards) !== undefined || !stillThere(looks)) return false;
  for (const [path, identity] of actions) {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined || identityOf(stat) !== identity) return false;
  }
  return true;
}

function answer(
  seal: Seal,
  project: Project,
  { events: placed, restored }: Pick<PutBack, 'events' | 'restored'>,
): Answer | undefined {
  const began = performance.now();
  const journal = openJournal(project, undefined);
  // Without a journal there is something to say, and that is the long way's.
  if (journal.fault() !== undefined) return undefined;
  const { run } = journal;
  const at = Date.now();
  const { pipeline, file, targets, out } = seal;
  const stages = [
    ...seal.stages.map(
      ({ id, kind }) => ({ id, kind, label: restored.has(id) ? 'restore' : 'fresh' }) as const,
    ),
    ...seal.skipped.map(({ id, kind }) => ({ id, kind, label: 'skip' }) as const),
  ];
  const actionOf = (id: StageId) => (restored.has(id) ? 'restored' : 'fresh');
  const source = seal.guards.find(({ path }) => path === file);
  const files = source === undefined ? undefined : { [file]: source.digest };
  const events: Event[] = [
    { type: 'run-started', at, run, pipeline, file, targets, stages, overrides: {}, files },
    ...skippedEvents(seal.skipped),
    ...seal.stages.map(({ id, key, outputs, from, accepted }): EventOf<'stage-done'> => {
      return {
        type: 'stage-done',
        at,
        stage: id,
        action: actionOf(id),
        key,
        seconds: 0,
        because: [],
        outputs,
        from,
        accepted,
      };
    }),
    ...placed,
    { type: 'run-done', at, outcome: 'done', seconds: (performance.now() - began) / 1000 },
  ];
  for (const event of events) journal.emit(event);
  journal.close();
  const results = seal.stages.map(({ id, kind, key }) => {
    return { id, kind, action: actionOf(id), key, seconds: 0, because: [] } as const;
  });
  const all = [...results, ...seal.skipped.map(skippedResult)];
  const result: RunResult = { schema: 'warren/run/1', run, outcome: 'done', stages: all, out };
  return { result, warnings: seal.warnings, events };
}
