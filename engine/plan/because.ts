/** @file Why a stage has no result yet: its fingerprint beside the nearest earlier one. */
import type { Key } from '../../base/ids.ts';
import type { Json } from '../../base/json.ts';
import type { Because } from '../event.ts';
import type { Binding, Source, Stage } from '../pipeline/graph.ts';
import { differenceOf, type FieldChange } from './difference.ts';
import type { Fingerprint } from './fingerprint.ts';
import { sourcesOf } from './index.ts';
import { fingerprintOfKey } from './past.ts';
import type { World } from './world.ts';

/** Reasons for a stage whose key has no result. `key` is undefined while its inputs are not known. */
export function becauseOf(
  stage: Stage,
  pipeline: string,
  key: Key | undefined,
  fingerprint: Fingerprint,
  world: World,
): Because[] {
  const latest = world.past.latest(pipeline, stage.id);
  if (latest === undefined) return [{ kind: 'new' }];
  if (latest.key === key) {
    if (latest.ended === 'failed') return [{ kind: 'failed' }];
    return [{ kind: 'lost', detail: 'no record of it in the cache' }];
  }
  const before = fingerprintOfKey(world.project, latest.key);
  if (before === undefined) return [{ kind: 'new' }];
  // Before its upstream has run, nothing can be said of a stage's inputs.
  const after = key === undefined ? { ...fingerprint, in: before.in } : fingerprint;
  const reasons = reasonsOf(differenceOf(before, after, world.manifestOfCode), stage);
  return reasons.length > 0 ? reasons : [{ kind: 'lost', detail: 'no record of it in the cache' }];
}

/** Changes in the user's words. An input made of many sources gives one reason for each that changed, code one in all. */
export function reasonsOf(changes: readonly FieldChange[], stage: Stage | undefined): Because[] {
  const modules = changes.filter(({ path }) => path[0] === 'code');
  return changes.flatMap((change) => {
    if (change.path[0] !== 'code') return fieldReasons(change, stage);
    return change === modules[0] ? [{ kind: 'code', detail: listed(modules) }] : [];
  });
}

function fieldReasons(change: FieldChange, stage: Stage | undefined): Because[] {
  const [field, name] = change.path as [string, string | undefined];
  switch (field) {
    case 'with':
    case 'axes':
      return [{ kind: 'param', name: name ?? field, before: show(change.before), after: show(change.after) }];
    case 'hardware':
    case 'container':
      return [
        {
          kind: 'param',
          name: change.path.join('.'),
          before: show(change.before),
          after: show(change.after),
        },
      ];
    case 'in':
      return inputReasons(name ?? '', change, stage?.in[name ?? '']);
    default:
      return [{ kind: 'other', field: change.path.join('.') }];
  }
}

/** Modules that a reason names. */
const MOST_MODULES = 2;

/** Empty where nobody knows what the code was made of. */
function listed(modules: readonly FieldChange[]): string {
  const names = modules.flatMap(({ path }) => path[1] ?? []);
  const rest = names.length - MOST_MODULES;
  return `${names.slice(0, MOST_MODULES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

function inputReasons(name: string, change: FieldChange, binding: Binding | undefined): Because[] {
  if (change.before === undefined) return [{ kind: 'input', name, detail: 'is new' }];
  if (change.after === undefined || binding === undefined)
    return [{ kind: 'input', name, detail: 'is gone' }];
  const before = itemsOf(change.before);
  const after = itemsOf(change.after);
  const sources = sourcesOf(binding);
  const reasons = after.flatMap((item, i) => {
    const old = before.find(([label]) => label === item[0]);
    const source = sources[i];
    return source === undefined || JSON.stringify(old) === JSON.stringify(item)
      ? []
      : [sourceReason(name, source)];
  });
  return reasons.length > 0 ? reasons : [{ kind: 'input', name, detail: '' }];
}

function sourceReason(name: string, source: Source): Because {
  if (source.kind === 'output') return { kind: 'upstream', stage: source.stage, output: source.output };
  return { kind: 'input', name, detail: `${source.shown} changed` };
}

function itemsOf(input: Json): readonly (readonly Json[])[] {
  return (input as { readonly items: readonly (readonly Json[])[] }).items;
}

function show(value: Json | undefined): string {
  if (value === undefined) return 'none';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
