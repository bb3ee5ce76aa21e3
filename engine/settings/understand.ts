/** @file Text of `warren.yaml` -> settings. */
import { isAbsolute, resolve } from 'node:path';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { RemotePlace } from '../../cache/remotes/remote.ts';
import { explain } from '../pipeline/check/explain.ts';
import { checkOf } from '../pipeline/check/validator.ts';
import { type Problems, problemsIn } from '../pipeline/problems.ts';
import { parseTree } from '../pipeline/yaml/parse.ts';
import { childMap, childText, type MapNode, type Node, toJson } from '../pipeline/yaml/tree.ts';
import { SETTINGS_SCHEMA } from './format.ts';
import type { Settings } from './settings.ts';
import { profilesIn, refuseForeignKeys } from './understand-profiles.ts';

const DEFAULT = 'origin';
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** No empty segment, none that means a way up. */
const PREFIX = /^(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9!_.*'()-]+(?:\/(?=.)|$))*$/;

export function understandSettings(
  file: string,
  text: string,
  root: string,
): Result<Settings, readonly Diagnostic[]> {
  const problems = problemsIn(file, text);
  const node = parseTree(text, problems);
  if (node !== undefined && problems.errors.length === 0) {
    if (node.kind === 'map') refuseForeignKeys(node, { problems });
    const subject = { root: node, what: 'the settings', range: node.range };
    explain(checkOf(SETTINGS_SCHEMA)(toJson(node)), subject, problems);
  }
  if (node === undefined || problems.errors.length > 0) return err(problems.errors);
  const settings = settingsIn(node, root, problems);
  return problems.errors.length > 0 ? err(problems.errors) : ok(settings);
}

function settingsIn(node: Node, root: string, problems: Problems): Settings {
  const remotes = new Map<string, RemotePlace>();
  if (node.kind !== 'map') return { remotes, remote: undefined, profiles: new Map(), profile: undefined };
  for (const { key, value } of childMap(node, 'remotes')?.entries.values() ?? []) {
    const place = value.kind === 'map' ? placeOf(value, root, problems) : addressOf(value, root, problems);
    if (place !== undefined) remotes.set(key, place);
  }
  const named = childText(node, 'remote');
  const entry = node.entries.get('remote');
  if (named !== undefined && entry !== undefined && !childMap(node, 'remotes')?.entries.has(named)) {
    const hint = problems.suggest(named, remotes.keys()) ?? 'name it under remotes';
    problems.error('unknown-remote', entry.value.range, `There is no remote "${named}".`, { hint });
  }
  const remote = named ?? (remotes.has(DEFAULT) ? DEFAULT : undefined);
  return { remotes, remote, ...profilesIn(node, { root, problems }) };
}

function placeOf(map: MapNode, root: string, problems: Problems): RemotePlace | undefined {
  const url = map.entries.get('url')?.value as Node;
  const place = addressOf(url, root, problems);
  const [endpoint, region] = [childText(map, 'endpoint'), childText(map, 'region')];
  if (place === undefined || (endpoint === undefined && region === undefined)) return place;
  if (place.kind === 'folder') {
    const message = 'A folder has neither endpoint nor region.';
    problems.error('bad-remote', map.range, message, { hint: 'write the path alone' });
    return undefined;
  }
  if (endpoint !== undefined && holdsSecret(endpoint)) {
    const message = 'The endpoint of a remote holds a user or a password.';
    // Without its place: the line would be shown.
    problems.error('bad-remote', undefined, message, { hint: 'credentials belong into the environment' });
    return undefined;
  }
  if (endpoint !== undefined && !isEndpoint(endpoint)) {
    const range = map.entries.get('endpoint')?.value.range ?? map.range;
    const hint = 'write https://HOST';
    problems.error('bad-remote', range, 'This is not the address of a store.', { hint });
    return undefined;
  }
  return { ...place, endpoint, region };
}

function holdsSecret(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash } = new URL(text);
  return search === '' && hash === '' && (protocol === 'https:' || protocol === 'http:');
}

function addressOf(node: Node, root: string, problems: Problems): RemotePlace | undefined {
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  if (isAbsolute(text) || /^\.{1,2}\//.test(text)) return { kind: 'folder', path: resolve(root, text) };
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(text) ?? [];
  const prefix = rest.replace(/\/$/, '');
  if (BUCKET.test(bucket) && PREFIX.test(prefix)) return { kind: 's3', bucket, prefix };
  const hint = 's3://BUCKET/PREFIX, or a folder: /PATH, ./PATH or ../PATH';
  problems.error('bad-remote', node.range, 'This is not the address of a remote.', { hint });
  return undefined;
}
