/**
 * @file The program as it runs on another machine: what was built, and the packages that kinds reach, as they run there.
 * It goes when a kind's stage is to run there, object by object, and lies under the digest of its list.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digestFileInTurns, hexOf } from '../../base/digest.ts';
import type { Digest } from '../../base/ids.ts';
import { err, ok, type Result } from '../../base/result.ts';
import type { ExecutorFault } from '../executors/contract.ts';
import { builtProgram } from './agent-pack.ts';
import type { Link } from './link.ts';
import { thisMachine } from './machine.ts';
import { fitOf } from './native.ts';
import { filesIn, type Package, packagesOf } from './packages.ts';
import { programDigest } from './program-digest.ts';
import type { Machine, ProgramMember } from './requests.ts';
import { type Parcel, type SendOptions, sendObjects } from './sending.ts';

export interface Program {
  readonly digest: Digest;
  readonly members: readonly ProgramMember[];
  /** In the order of the members. */
  readonly parcels: readonly Parcel[];
}

/** Where a program lies on its host. */
export interface Placed {
  /** Its own files, as in the folder that was built. */
  readonly folder: string;
  /** Objects and bytes that went for it. */
  readonly objects: number;
  readonly bytes: number;
}

/** For kinds that ship with warren, on such a machine. */
export async function programOf(
  kinds: readonly string[],
  machine: Machine,
  built?: string,
): Promise<Result<Program, ExecutorFault>> {
  const folder = built === undefined ? builtProgram() : ok(built);
  if (!folder.ok) return folder;
  const { packages, lacking } = packagesOf(namesOf(folder.value, kinds), folder.value);
  if (lacking !== undefined) return err(incomplete(lacking));
  const files: [path: string, file: string][] = filesIn(folder.value).map((path) => [
    `dist/${path}`,
    join(folder.value, path),
  ]);
  for (const one of packages) {
    const own = fittingFiles(one, machine);
    if (!own.ok) return own;
    for (const path of own.value) files.push([`${one.placed}/${path}`, join(one.folder, path)]);
  }
  const { members, parcels } = await described(files);
  return ok({ digest: programDigest(members), members, parcels });
}

function namesOf(folder: string, kinds: readonly string[]): string[] {
  const records = kinds.map((kind) => join(folder, 'stages', kind, 'code.json')).filter(existsSync);
  const lists = records.map(
    (record) =>
      (JSON.parse(readFileSync(record, 'utf8')) as { readonly packages: readonly string[] }).packages,
  );
  return [...new Set(lists.flat())].sort();
}

/** Without what runs on other machines only; a package of which nothing is left that could run is a fault. */
function fittingFiles(one: Package, machine: Machine): Result<string[], ExecutorFault> {
  const here = thisMachine();
  const alike =
    machine.platform === here.platform && machine.arch === here.arch && machine.libc === here.libc;
  const files = filesIn(one.folder).map((path) => ({ path, fit: fitOf(path, machine) }));
  const fits = files.filter(({ fit }) => fit === 'any' || fit === 'named' || (fit === 'here' && alike));
  const native = files.some(({ fit }) => fit !== 'any');
  if (native && !fits.some(({ fit }) => fit !== 'any')) return err(wrongPlatform(one, machine));
  return ok(fits.map(({ path }) => path));
}

/** Digests of packages' files are taken once in a run. */
const digests = new Map<string, Promise<Digest>>();

async function described(
  files: readonly (readonly [path: string, file: string])[],
): Promise<Pick<Program, 'members' | 'parcels'>> {
  const members: ProgramMember[] = [];
  const parcels: Parcel[] = [];
  for (const [path, file] of files) {
    const { mode, size } = statSync(file);
    let known = digests.get(file);
    if (known === undefined) {
      known = digestFileInTurns(file);
      digests.set(file, known);
    }
    const digest = await known;
    const executable = (mode & 0o111) !== 0;
    members.push({ path, digest, executable });
    parcels.push({ digest, form: executable ? 'exec' : 'file', size, from: { file } });
  }
  return { members, parcels };
}

/** Brings what is lacking of the program, and lays it out. One question, if it is there. */
export async function placeProgram(
  link: Link,
  program: Program,
  options: SendOptions = {},
): Promise<Result<Placed, ExecutorFault>> {
  const { digest, members } = program;
  const opened = await link.open(options);
  if (!opened.ok) return opened;
  const folder = `${opened.value.root}/programs/${hexOf(digest)}/dist`;
  const there = await link.call('program-there', { digest }, options);
  if (!there.ok) return there;
  let [objects, bytes] = [0, 0];
  if (there.value.there) return ok({ folder, objects, bytes });
  // What is there by now may be taken away by a collection of garbage between the two: then once more.
  for (let left = 3; left > 0; left--) {
    const laid = await link.call('program', { digest, members }, options);
    if (!laid.ok) return laid;
    if (laid.value.lacking.length === 0) return ok({ folder, objects, bytes });
    const lacking = laid.value.lacking.flatMap((i) => program.parcels[i] ?? []);
    const sent = await sendObjects(link, lacking, options);
    if (!sent.ok) return err(sent.error.fault);
    objects += sent.value.objects;
    bytes += sent.value.bytes;
  }
  const message = `The program cannot be laid out on ${link.host}.`;
  return err({ code: 'remote-answer', message, passing: true });
}

function incomplete(name: string): ExecutorFault {
  const message = `The package ${name} is not installed here, so the program cannot be sent.`;
  return { code: 'program-incomplete', message, hint: 'npm ci', passing: false };
}

function wrongPlatform({ name }: Package, { platform, arch, libc }: Machine): ExecutorFault {
  const how = libc === 'none' ? '' : ` with ${libc}`;
  const message = `The package ${name} has nothing that runs on ${platform}/${arch}${how}.`;
  const hint = 'use a host of another kind for stages of kinds, or install a package for it here';
  return { code: 'program-wrong-platform', message, hint, passing: false };
}
