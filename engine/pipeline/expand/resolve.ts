/** @file From `rrhf[seed=*,lr=0.1].model` to the instances it means. Indexed, so that a sweep of thousands stays linear. */
import { compareCodePoints } from '../../../base/canonical.ts';
import { axesText, listed } from '../names.ts';
import type { Problems } from '../problems.ts';
import type { Range } from '../yaml/tree.ts';
import type { Instance } from './instance.ts';
import { type OutputRef, pathHint } from './reference.ts';
import { ROUND } from './rounds.ts';

/** All instances of one stage. */
export interface FannedStage {
  readonly name: string;
  readonly axes: readonly string[];
  readonly instances: readonly Instance[];
  /** The last round of a stage with rounds: what a reference without a round means. */
  readonly lastRound: string | undefined;
}

type Resolved =
  | { readonly form: 'one'; readonly instance: Instance }
  | { readonly form: 'group'; readonly group: Group };

/** Instances of a stage by the labels of their free axes, in code-point order. Equal selections are one object. */
export interface Group {
  /** `rrhf[seed=*,lr=0.1]` */
  readonly id: string;
  readonly members: readonly (readonly [label: string, instance: Instance])[];
}

/** Who refers: its own axes align what it does not select. Undefined axes for the pipeline's `out`. */
export interface Referrer {
  readonly name: string | undefined;
  readonly axes: ReadonlyMap<string, { readonly label: string }>;
  alignedOn(axis: string): void;
}

export interface Resolver {
  /** Undefined after an error, or for a stage that has errors of its own. */
  resolve(ref: OutputRef, text: string, range: Range, referrer: Referrer): Resolved | undefined;
}

/** Of the stages of one pipeline; `prefix` tells its groups from those of others. */
export function createResolver(
  stages: ReadonlyMap<string, FannedStage>,
  broken: ReadonlySet<string>,
  prefix: string,
  problems: Problems,
): Resolver {
  const indexes = new Map<string, ReadonlyMap<string, readonly Instance[]>>();
  const groups = new Map<string, Group>();

  /** Instances by their labels on the given axes. */
  function indexOf(stage: FannedStage, axes: readonly string[]): ReadonlyMap<string, readonly Instance[]> {
    const key = `${stage.name}[${axes.join(',')}]`;
    const known = indexes.get(key);
    if (known !== undefined) return known;
    const index = new Map<string, Instance[]>();
    for (const instance of stage.instances) {
      const labels = axesText(axes.map((axis) => [axis, instance.axes.get(axis)?.label ?? '']));
      const list = index.get(labels);
      if (list === undefined) index.set(labels, [instance]);
      else list.push(instance);
    }
    indexes.set(key, index);
    return index;
  }

  function groupOf(id: string, found: readonly Instance[], free: readonly string[]): Group {
    const known = groups.get(id);
    if (known !== undefined) return known;
    const members = found
      .map(
        (instance) =>
          [axesText(free.map((axis) => [axis, instance.axes.get(axis)?.label ?? ''])), instance] as const,
      )
      .sort((a, b) => compareCodePoints(a[0], b[0]));
    const group = { id, members };
    groups.set(id, group);
    return group;
  }

  function resolve(ref: OutputRef, text: string, range: Range, referrer: Referrer): Resolved | undefined {
    const stage = stages.get(ref.stage);
    if (stage === undefined) {
      if (!broken.has(ref.stage)) unknownStage(ref, text, range);
      return undefined;
    }
    if (ref.stage === referrer.name) {
      problems.error('self-reference', range, `The stage "${ref.stage}" refers to itself.`, {
        hint: 'refer to the stage before it, or feed rounds forward with carry:',
      });
      return undefined;
    }
    if (!knownAxes(ref, stage, range)) return undefined;
    const choice = choose(ref, stage, referrer);
    if (choice.open.length > 0) {
      ambiguous(ref, stage, text, range, choice.open);
      return undefined;
    }
    const found =
      indexOf(
        stage,
        choice.fixed.map(([axis]) => axis),
      ).get(axesText(choice.fixed)) ?? [];
    const [instance] = found;
    if (instance === undefined) {
      const wanted = axesText(choice.fixed);
      problems.error('unknown-instance', range, `There is no ${ref.stage}[${wanted}].`, {
        hint: `there are ${listed(stage.instances.map((one) => one.local))}`,
        about: wanted,
      });
      return undefined;
    }
    if (choice.free.length === 0) return { form: 'one', instance };
    const free = new Set(choice.free);
    const fixed = new Map(choice.fixed);
    const id = `${prefix}${ref.stage}[${axesText(stage.axes.map((axis) => [axis, free.has(axis) ? '*' : (fixed.get(axis) as string)]))}]`;
    return { form: 'group', group: groupOf(id, found, choice.free) };
  }

  function unknownStage(ref: OutputRef, text: string, range: Range): void {
    const near = problems.suggest(ref.stage, [...stages.keys(), ...broken, 'in']) ?? pathHint(text);
    problems.error('undefined-reference', range, `"${text}": there is no stage "${ref.stage}".`, {
      hint: near ?? `stages: ${listed([...stages.keys()], 12)}`,
      about: text,
    });
  }

  function knownAxes(ref: OutputRef, stage: FannedStage, range: Range): boolean {
    if (ref.selector === undefined) return true;
    if (stage.axes.length === 0) {
      problems.error('unknown-axis', range, `The stage "${ref.stage}" has no matrix to select from.`, {
        hint: `write ${ref.stage}.${ref.output}`,
      });
      return false;
    }
    const wrong = ref.selector.terms.find((term) => !stage.axes.includes(term.axis));
    if (wrong === undefined) return true;
    const hint = problems.suggest(wrong.axis, stage.axes) ?? `axes: ${stage.axes.join(', ')}`;
    problems.error('unknown-axis', range, `The stage "${ref.stage}" has no axis "${wrong.axis}".`, {
      hint,
      about: wrong.axis,
    });
    return false;
  }

  function ambiguous(
    ref: OutputRef,
    stage: FannedStage,
    text: string,
    range: Range,
    open: readonly string[],
  ): void {
    const choices = stage.instances.map((one) => `${one.local}.${ref.output}`);
    problems.error(
      'ambiguous-reference',
      range,
      `"${text}" does not say which ${open.join(' and ')} of "${ref.stage}" is meant.`,
      {
        hint: `choose ${listed(choices)}, or take all with ${ref.stage}[*].${ref.output}`,
        about: text,
      },
    );
  }

  return { resolve };
}

interface Choice {
  readonly fixed: readonly (readonly [axis: string, label: string])[];
  readonly free: readonly string[];
  /** Neither selected nor shared with the referrer. */
  readonly open: readonly string[];
}

/** For each axis: what the selector says, else `*` if it has one, else the referrer's own value, else the last round. */
function choose(ref: OutputRef, stage: FannedStage, referrer: Referrer): Choice {
  const fixed: (readonly [string, string])[] = [];
  const free: string[] = [];
  const open: string[] = [];
  const terms = new Map(ref.selector?.terms.map((term) => [term.axis, term.label]));
  for (const axis of stage.axes) {
    const label = terms.get(axis);
    const own = referrer.axes.get(axis)?.label;
    if (label === '*' || (label === undefined && ref.selector?.rest === true)) free.push(axis);
    else if (label !== undefined) fixed.push([axis, label]);
    else if (own !== undefined) {
      referrer.alignedOn(axis);
      fixed.push([axis, own]);
    } else if (axis === ROUND && stage.lastRound !== undefined) fixed.push([axis, stage.lastRound]);
    else open.push(axis);
  }
  return { fixed, free, open };
}

export function unknownOutput(
  ref: OutputRef,
  instance: Instance,
  { text, range }: { readonly text: string; readonly range: Range },
  problems: Problems,
): void {
  const nested = instance.form === 'pipeline';
  const declared = instance.node.entries.get('out')?.value;
  // An output whose declaration is wrong has its own error.
  if (!nested && declared?.kind === 'map' && declared.entries.has(ref.output)) return;
  const names = nested ? [...instance.draft.child.draft.out.entries.keys()] : Object.keys(instance.out);
  const where = nested ? `of "${instance.draft.child.file}"` : 'of that stage';
  const known = names.length > 0 ? `it has ${listed(names)}` : `declare it under out: ${where}`;
  problems.error(
    'undefined-reference',
    range,
    `"${text}": the stage "${ref.stage}" has no output "${ref.output}".`,
    {
      hint: problems.suggest(ref.output, names) ?? known,
      about: text,
    },
  );
}
