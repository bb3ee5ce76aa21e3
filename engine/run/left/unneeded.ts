/** @file Attempts of earlier runs of a pipeline that its run will not take up: a parameter changed, a stage went away. */
import { relative } from 'node:path';
import type { Diagnostic } from '../../../base/diagnostic.ts';
import type { Graph } from '../../pipeline/graph.ts';
import type { Planned } from '../../plan/plan.ts';
import type { Project } from '../../project.ts';
import { type Left, leftAttempts } from './list.ts';

/** Most of them that are named. */
const NAMED = 3;

/** Those that go on for nobody, as far as the plan knows the keys of its stages. */
export function unneededAttempts(graph: Graph, project: Project, { decisions }: Planned): Left[] {
  const { attempts } = leftAttempts(project);
  if (attempts.length === 0) return [];
  const file = relative(project.root, graph.file);
  const wanted = new Set([...decisions.values()].flatMap((each) => (each.state === 'run' ? [each.key] : [])));
  const stages = new Set(graph.stages.map(({ id }) => id));
  return attempts.filter(({ intent, key, ended, followed }) => {
    if (intent.file !== file || ended || followed || wanted.has(key)) return false;
    const decision = decisions.get(intent.stage);
    // Of a stage that waits, or is none of this run's, the key may still be this one.
    return decision === undefined
      ? !stages.has(intent.stage)
      : decision.state === 'run' || decision.state === 'hit';
  });
}

export function unneededWarning(left: readonly Left[]): Diagnostic {
  const names = left.slice(0, NAMED).map(({ intent, handle }) => {
    const job = handle === undefined ? intent.name : `job ${handle.id}`;
    return `${intent.stage} on ${intent.profile} (${job})`;
  });
  const more = left.length > NAMED ? ` and ${left.length - NAMED} more` : '';
  const [subject, verb] = left.length === 1 ? ['An attempt', 'goes'] : [`${left.length} attempts`, 'go'];
  const message = `${subject} of earlier runs of this pipeline ${verb} on elsewhere, and no stage needs what comes of it: ${names.join(', ')}${more}.`;
  const hint = 'warren status lists what is left, warren cancel --left ends it';
  return { code: 'attempts-left', severity: 'warning', message, hint };
}
