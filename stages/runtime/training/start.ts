/** @file Where a training starts: where it was interrupted, else at the end of a shorter one, else at the beginning. */
import { join } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Context } from '../../protocol/context.ts';
import type { Failure } from '../../protocol/failure.ts';
import type { Weights } from '../onnx/api.ts';
import { difference, type Identity } from './identity.ts';
import { newestSnapshot } from './keeper.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';

/** The one file of a checkpoint folder. */
export const CHECKPOINT = 'checkpoint.safetensors';

export interface Course {
  /** Steps of the whole schedule, and the one to stop after. */
  readonly total: number;
  readonly stop: number;
}

/** A training that can go on. */
type Unfinished = Snapshot & { readonly tensors: Weights };

/** Null at the beginning. Errors: those of `in.checkpoint`. */
export async function startingPoint(
  ctx: Context<unknown>,
  own: Identity,
  course: Course,
): Promise<Result<Unfinished | null, Failure>> {
  const { snapshot, damaged } = await newestSnapshot(
    ctx.state,
    (found): found is Unfinished =>
      found.tensors !== null && found.step <= course.stop && difference(found.of, own) === null,
  );
  const lost = damaged.length === 0 ? '' : `the checkpoint of step ${damaged.join(' and ')} cannot be used`;
  if (snapshot !== null) {
    ctx.note(`Resumed from step ${snapshot.step} of ${course.total}${lost === '' ? '' : `; ${lost}`}.`);
    return ok(snapshot);
  }
  const given = ctx.optional('checkpoint');
  const continued = given === undefined ? ok(null) : await readGiven(given, own, course);
  if (!continued.ok) return continued;
  const step = continued.value?.step;
  if (step !== undefined)
    ctx.note(`Continues a training of ${step} steps${otherThreads(continued.value, own)}.`);
  if (lost !== '')
    ctx.note(`It starts again from ${step === undefined ? 'nothing' : `step ${step}`}: ${lost}.`);
  return continued;
}

function otherThreads(continued: Snapshot | null, { threads }: Identity): string {
  const before = continued?.of['threads'];
  return before === threads ? '' : `; they were made with ${before} threads, so sums are split differently`;
}

async function readGiven(
  folder: string,
  own: Identity,
  { total, stop }: Course,
): Promise<Result<Unfinished, Failure>> {
  const path = join(folder, CHECKPOINT);
  const read = await readSnapshot(path);
  if (!read.ok) return read;
  const { of, step, tensors } = read.value;
  const other = difference(of, own);
  if (other !== null)
    return err({
      code: 'checkpoint-mismatch',
      message: `The checkpoint ${other}.`,
      hint: 'A training goes on with the same data, model and parameters; only stop_at may differ, and epochs where the rate is constant.',
      file: path,
    });
  if (tensors === null)
    return err({
      code: 'checkpoint-finished',
      message: `The checkpoint is of a training that reached the end of its schedule at step ${step}.`,
      hint: 'Continue one that was stopped before by stop_at, or start from its model.',
      file: path,
    });
  if (step >= stop)
    return err({
      code: 'checkpoint-mismatch',
      message: `The checkpoint is at step ${step}, and this training stops at step ${stop}.`,
      hint: stop < total ? 'Raise stop_at, or set it to null.' : 'Raise epochs.',
      file: path,
    });
  return ok({ ...read.value, tensors });
}
