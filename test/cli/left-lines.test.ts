import { expect, it } from 'vitest';
import { leftLines } from '../../engine/cli/left-lines.ts';
import { painter } from '../../engine/report/paint.ts';
import type { Left } from '../../engine/run/left/list.ts';

function shown(...ended: boolean[]): string {
  const settings = { executor: 'slurm' } as const;
  const intent = { stage: 'a', run: 'r', file: 'p.yaml', profile: 'cluster', settings, name: 'w-1', at: 0 };
  const attempts = ended.map(
    (each) => ({ intent, handle: undefined, host: 'rig', ended: each, followed: false }) as unknown as Left,
  );
  return leftLines({ attempts, unreadable: [] }, 60_000).map(painter(false)).join('\n');
}

it('what goes on can be ended, what has ended is taken up or goes by itself', () => {
  expect(shown(true, false)).toContain('warren cancel --left ends what goes on');
  expect(shown(true, true)).toContain('cache gc takes away what nobody collected in 30 days');
  expect(shown(true, true)).not.toContain('cancel --left');
});
