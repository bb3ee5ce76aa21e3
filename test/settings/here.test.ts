import { expect, it } from 'vitest';
import type { StageId } from '../../base/ids.ts';
import type { ExecutorSettings } from '../../engine/executors/settings.ts';
import { NO_RESOURCES } from '../../engine/pipeline/graph.ts';
import { limitsHere, placeHere } from '../../engine/settings/here.ts';
import type { Override, Profile, Profiles } from '../../engine/settings/profiles.ts';

const STAGE = { id: 'a' as StageId, kind: 'command', resources: NO_RESOURCES };
const to = (profile: string): [string, Override] => ['a', { profile, settings: {}, resources: {} }];

function profile(
  name: string,
  settings: ExecutorSettings,
  rest: Partial<Profile> = {},
): readonly [string, Profile] {
  return [name, { name, settings, resources: {}, kinds: new Map(), stages: new Map(), ...rest }];
}

const cluster = { executor: 'slurm', partition: 'gpu' } as const;

it('what cannot leave this machine goes where a local profile sends it', () => {
  const profiles: Profiles = new Map([
    profile('local', { executor: 'local', gpus: 'none' }),
    profile('small', { executor: 'local', cpus: 1 }, { resources: { memory: 5 } }),
    profile('cluster', cluster, { resources: { memory: 9 } }),
    profile('mixed', cluster, { stages: new Map([to('small')]) }),
  ]);
  const here = (chosen: string) => placeHere(profiles, chosen, STAGE);
  expect(here('local')).toMatchObject({ profile: 'local', settings: { gpus: 'none' } });
  expect(here('small')).toMatchObject({ profile: 'small', settings: { cpus: 1 }, resources: { memory: 5 } });
  expect(here('mixed')).toMatchObject({ profile: 'small' });
  // Nothing of the cluster's defaults comes along.
  expect(here('cluster')).toEqual({
    profile: 'local',
    settings: { executor: 'local', gpus: 'none' },
    resources: NO_RESOURCES,
  });
});

it('even where the local profile sends the stage away', () => {
  const settings = { executor: 'local', cpus: 3 } as const;
  const profiles: Profiles = new Map([
    profile('local', settings, { stages: new Map([to('cluster')]) }),
    profile('cluster', cluster),
  ]);
  expect(placeHere(profiles, 'local', STAGE)).toEqual({
    profile: 'local',
    settings,
    resources: NO_RESOURCES,
  });
});

it('of several local profiles that a call may go to, the lowest number holds', () => {
  const profiles: Profiles = new Map([
    profile('local', { executor: 'local', cpus: 8, memory: 100 }),
    profile('small', { executor: 'local', cpus: 2 }),
    profile('cluster', cluster, { kinds: new Map([to('local'), ['b', to('small')[1]]]) }),
    profile('alone', cluster),
  ]);
  expect(limitsHere(profiles, 'cluster')).toEqual({ cpus: 2, memory: 100 });
  expect(limitsHere(profiles, 'small')).toEqual({ cpus: 2, memory: undefined });
  // What works in the project's own files runs here all the same.
  expect(limitsHere(profiles, 'alone')).toEqual({ cpus: 8, memory: 100 });
  expect(limitsHere(new Map(), 'local')).toEqual({});
});
