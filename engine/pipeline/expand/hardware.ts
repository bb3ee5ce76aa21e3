/** @file `hardware:` of a stage: facts of the machine that its result hangs on, and that its key is to hold. */
import { HARDWARE_FACTS, type HardwareFact } from '../graph.ts';
import type { Problems } from '../problems.ts';
import type { MapNode } from '../yaml/tree.ts';

/** Sorted, so that the order in the file says nothing. */
export function hardwareOf(stage: MapNode, problems: Problems): readonly HardwareFact[] {
  const node = stage.entries.get('hardware')?.value;
  if (node?.kind !== 'list') return [];
  const facts = node.items.flatMap((item): HardwareFact[] => {
    const name = item.kind === 'scalar' ? String(item.value) : '';
    if (HARDWARE_FACTS.includes(name as HardwareFact)) return [name as HardwareFact];
    if (problems.errorAt(item.range)) return [];
    if (/^(?:gpu|cuda)/.test(name)) {
      problems.error('not-supported-yet', item.range, `Facts of GPUs are not supported yet.`, {
        hint: `facts: ${HARDWARE_FACTS.join(', ')}`,
      });
      return [];
    }
    problems.error('unknown-value', item.range, `"${name}" is no fact of a machine that is known.`, {
      hint: problems.suggest(name, HARDWARE_FACTS) ?? `facts: ${HARDWARE_FACTS.join(', ')}`,
    });
    return [];
  });
  return [...facts].sort();
}
