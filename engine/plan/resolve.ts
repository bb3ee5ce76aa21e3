/** @file Resolves a stage's inputs to artifacts: what is on disk for files, what was produced for outputs. */
import type { StageId } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { Artifact } from '../../cache/artifact.ts';
import { memberFromAnywhere } from '../../cache/temporary.ts';
import type { StageFailure } from '../event.ts';
import type { Source, Stage } from '../pipeline/graph.ts';
import type { ResolvedInput, ResolvedInputs, ResolvedItem } from './fingerprint.ts';
import type { GraphIndex } from './index.ts';
import { suffixOfOutput, suffixOfPath } from './suffix.ts';
import type { World } from './world.ts';

export type Outputs = { readonly [name: string]: Artifact };
/** Outputs of a stage that has its result; undefined before. */
export type OutputsOf = (stage: StageId) => Outputs | undefined;

export type Unresolved =
  | { readonly kind: 'waiting'; readonly for: StageId }
  /** A folder whose tree object is gone: the stage that made it has to run again. */
  | {
      readonly kind: 'lost';
      readonly stage: StageId;
      readonly artifact: Artifact;
      readonly detail: string;
    }
  | { readonly kind: 'failed'; readonly failure: StageFailure };

export function resolveInputs(
  stage: Stage,
  index: GraphIndex,
  world: World,
  outputsOf: OutputsOf,
): Result<ResolvedInputs, Unresolved> {
  const inputs: { [name: string]: ResolvedInput } = {};
  for (const [name, binding] of Object.entries(stage.in)) {
    const labelled = binding.arity === 'one' ? [['', binding.source] as const] : binding.items;
    const items: ResolvedItem[] = [];
    for (const [position, [label, source]] of labelled.entries()) {
      const resolved = resolveSource(source, index, world, outputsOf);
      if (!resolved.ok) return resolved;
      const form = binding.arity === 'many' && binding.form === 'list' ? String(position) : label;
      items.push({ label: form, ...resolved.value });
    }
    inputs[name] = { form: binding.arity === 'one' ? 'one' : binding.form, items };
  }
  return ok(inputs);
}

export function resolveSource(
  source: Source,
  index: GraphIndex,
  world: World,
  outputsOf: OutputsOf,
): Result<{ artifact: Artifact; suffix: string }, Unresolved> {
  if (source.kind === 'file') {
    const pinned = world.pin(source.path, source.without);
    if (pinned.ok) {
      const suffix = pinned.value.artifact.form === 'tree' ? '' : suffixOfPath(source.path);
      return ok({ artifact: pinned.value.artifact, suffix });
    }
    const { code, message } = pinned.error;
    const failure = {
      code: `input-${code}`,
      message: message.replace(source.path, source.shown),
      file: source.shown,
    };
    return err({ kind: 'failed', failure });
  }
  const artifact = outputsOf(source.stage)?.[source.output];
  if (artifact === undefined) return err({ kind: 'waiting', for: source.stage });
  if (source.subpath === undefined) {
    const output = index.stages.get(source.stage)?.out[source.output];
    return ok({ artifact, suffix: output === undefined ? '' : suffixOfOutput(output) });
  }
  const member = memberFromAnywhere(world.project.cache, artifact, source.subpath);
  if (member.ok) {
    const suffix = member.value.form === 'tree' ? '' : suffixOfPath(source.subpath);
    return ok({ artifact: member.value, suffix });
  }
  if (member.error.code === 'lost') {
    const detail = `${source.output} is missing from the cache`;
    return err({ kind: 'lost', stage: source.stage, artifact, detail });
  }
  const message = `${source.stage}.${source.output}: ${member.error.message}`;
  return err({ kind: 'failed', failure: { code: `input-${member.error.code}`, message } });
}
