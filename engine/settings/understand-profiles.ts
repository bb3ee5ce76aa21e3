/** @file `profiles:` and `profile:` of settings that fit their schema -> profiles, with all that a schema cannot say. */
import type { ExecutorSettings } from '../executors/settings.ts';
import { resourcesIn } from '../pipeline/expand/resources.ts';
import type { Resources } from '../pipeline/graph.ts';
import { listed } from '../pipeline/names.ts';
import { kindNames } from '../pipeline/registry.ts';
import { childMap, childText, type Entry, type MapNode } from '../pipeline/yaml/tree.ts';
import { EXECUTOR_NAMES, type ExecutorName, fieldsOf } from './executors.ts';
import type { Reading } from './fields.ts';
import { COMMON, JOBS } from './profile-format.ts';
import { LOCAL, type Override, type Profile, type Profiles } from './profiles.ts';

/** Before the schema is asked, which would only say that such a key is unknown. */
export function refuseForeignKeys(node: MapNode, { problems }: Pick<Reading, 'problems'>): void {
  for (const { key: name, value } of childMap(node, 'profiles')?.entries.values() ?? []) {
    const executor =
      value.kind === 'map' ? EXECUTOR_NAMES.find((one) => one === childText(value, 'executor')) : undefined;
    if (value.kind !== 'map' || executor === undefined) continue;
    const overrides = ['kinds', 'stages'].flatMap((each) => [
      ...(childMap(value, each)?.entries.values() ?? []),
    ]);
    for (const map of [value, ...overrides.map((each) => each.value)]) {
      for (const { key, keyRange } of map.kind === 'map' ? map.entries.values() : []) {
        const owners = EXECUTOR_NAMES.filter((one) => Object.hasOwn(fieldsOf(one), key));
        if (owners.length === 0 || owners.includes(executor)) continue;
        const message = `"${key}" is a setting of ${listed(owners, 6)}, and profile "${name}" is of executor ${executor}.`;
        const hint = `settings of ${executor}: ${listed(Object.keys(fieldsOf(executor)), 20)}`;
        problems.error('unknown-key', keyRange, message, { hint, about: key });
      }
    }
  }
}

export function profilesIn(
  node: MapNode,
  reading: Reading,
): { profiles: Profiles; profile: string | undefined } {
  const entries = childMap(node, 'profiles')?.entries ?? new Map<string, Entry>();
  const profiles = new Map<string, Profile>();
  const names = new Set([...entries.keys(), LOCAL]);
  for (const { key: name, value } of entries.values()) {
    if (value.kind === 'map') profiles.set(name, profileIn(name, value, names, reading));
  }
  refuseCycles(profiles, entries, reading);
  const entry = node.entries.get('profile');
  const profile = childText(node, 'profile');
  if (entry !== undefined && profile !== undefined) refuseUnknown(profile, entry, names, reading);
  return { profiles, profile };
}

function refuseUnknown(
  name: string,
  { value }: Entry,
  names: ReadonlySet<string>,
  { problems }: Reading,
): void {
  if (names.has(name)) return;
  const hint = problems.suggest(name, names) ?? `the profiles are ${listed([...names], 20)}`;
  problems.error('unknown-profile', value.range, `There is no profile "${name}".`, { hint });
}

function profileIn(name: string, map: MapNode, names: ReadonlySet<string>, reading: Reading): Profile {
  const executor = childText(map, 'executor') as ExecutorName;
  if (name === LOCAL && executor !== 'local') {
    const hint = 'give it another name, and name that under profile: if it is the one to use';
    const range = map.entries.get('executor')?.value.range ?? map.range;
    reading.problems.error('bad-profile', range, 'The profile local is this machine.', { hint });
  }
  const overrides = (key: string): Map<string, Override> =>
    new Map(
      [...(childMap(map, key)?.entries.values() ?? [])].map(({ key: word, value }) => [
        word,
        overrideIn(executor, value as MapNode, names, reading),
      ]),
    );
  for (const { key: kind, keyRange } of childMap(map, 'kinds')?.entries.values() ?? []) {
    if (kindNames().includes(kind)) continue;
    const hint = reading.problems.suggest(kind, kindNames()) ?? `the kinds are ${listed(kindNames(), 40)}`;
    reading.problems.error('unknown-kind', keyRange, `There is no kind "${kind}".`, { hint });
  }
  const jobs = map.entries.get('jobs');
  return {
    name,
    jobs: jobs && JOBS.read(jobs.value, reading),
    settings: { executor, ...settingsIn(executor, map, reading) } as ExecutorSettings,
    resources: defaultsIn(map, reading),
    kinds: overrides('kinds'),
    stages: overrides('stages'),
  };
}

function overrideIn(
  executor: ExecutorName,
  map: MapNode,
  names: ReadonlySet<string>,
  reading: Reading,
): Override {
  const entry = map.entries.get('profile');
  const profile = childText(map, 'profile');
  if (entry !== undefined && profile !== undefined) {
    refuseUnknown(profile, entry, names, reading);
    const own = [...map.entries.values()].find(({ key }) => key !== 'profile' && key !== 'resources');
    if (own !== undefined) {
      const message = `"${own.key}" stands beside "profile", whose own settings hold.`;
      const hint = `set ${own.key} in profile "${profile}", or leave profile out`;
      reading.problems.error('bad-override', own.keyRange, message, { hint });
    }
  }
  if (executor === 'local') refuseShares(map, reading);
  return { profile, settings: settingsIn(executor, map, reading), resources: askedIn(map, reading) };
}

/** Those are of the machine, which all stages share. */
function refuseShares(map: MapNode, { problems }: Reading): void {
  for (const share of ['cpus', 'memory']) {
    const entry = map.entries.get(share);
    if (entry === undefined) continue;
    const message = `"${share}" of a local profile is what all its stages share, not what one of them gets.`;
    problems.error('bad-override', entry.keyRange, message, { hint: `set resources: {${share}: ...} here` });
  }
}

function settingsIn(executor: ExecutorName, map: MapNode, reading: Reading): Partial<ExecutorSettings> {
  const fields = fieldsOf(executor);
  const settings: { [key: string]: unknown } = {};
  for (const { key, value } of map.entries.values()) {
    const field = Object.hasOwn(fields, key) && !COMMON.includes(key) ? fields[key] : undefined;
    if (field !== undefined) settings[key] = field.read(value, reading);
  }
  return settings;
}

function askedIn(map: MapNode, { problems }: Reading): Partial<Resources> {
  const written = childMap(map, 'resources');
  return written === undefined ? {} : resourcesIn(written, problems);
}

/** A stage that says nothing of nodes has one: there is nothing for a profile to fill. */
function defaultsIn(map: MapNode, reading: Reading): Partial<Resources> {
  const nodes = childMap(map, 'resources')?.entries.get('nodes');
  if (nodes !== undefined) {
    const message = 'A profile has no default for resources.nodes: a stage that says nothing has one node.';
    const hint = 'set it under kinds or stages';
    reading.problems.error('bad-profile', nodes.keyRange, message, { hint });
  }
  return askedIn(map, reading);
}

/** Profiles that send stages to each other: whether a stage would ever arrive must not hang on its name. */
function refuseCycles(profiles: Profiles, entries: ReadonlyMap<string, Entry>, { problems }: Reading): void {
  const settled = new Set<string>();
  const visit = (name: string, way: readonly string[]): void => {
    const at = way.indexOf(name);
    const range = entries.get(name)?.keyRange;
    if (at >= 0 && range !== undefined) {
      const circle = [...way.slice(at), name].join(' -> ');
      const message = `Profiles send stages to each other in a circle: ${circle}.`;
      problems.error('profile-cycle', range, message, { hint: 'let one of them keep its stages' });
    }
    if (at >= 0 || settled.has(name)) return;
    const profile = profiles.get(name);
    for (const { profile: next } of [
      ...(profile?.kinds.values() ?? []),
      ...(profile?.stages.values() ?? []),
    ]) {
      if (next !== undefined) visit(next, [...way, name]);
    }
    settled.add(name);
  };
  for (const name of profiles.keys()) visit(name, []);
}
