/** @file Submitting to Slurm: attempts that ask for the same in one array, and nothing twice. */
import { err, ok, type Result } from '../../../base/result.ts';
import type { ExecutorFault, Handle, Submission } from '../contract.ts';
import type { JobFiles } from '../records/files.ts';
import type { LayOptions } from '../records/lay.ts';
import type { SlurmSettings } from '../settings.ts';
import type { Client } from './client.ts';
import { isInDoubt, slurmFault } from './faults.ts';
import type { Finder } from './find.ts';
import { launcherOf } from './launcher.ts';
import type { Nodes } from './nodes.ts';
import { groupsOf, jobIdOf, type Sbatch, sbatchOf } from './sbatch.ts';

type Submitted = Result<Handle, ExecutorFault>;

export interface Submitter {
  submit(submissions: readonly Submission[]): Promise<readonly Submitted[]>;
}

/** Most attempts in one array where neither the profile nor Slurm says less. */
const ARRAY = 1000;

export function submitter(
  settings: SlurmSettings,
  client: Client,
  files: JobFiles,
  find: Finder,
  nodes: Nodes,
  grace: number | undefined,
): Submitter {
  /** Names whose submission got no answer: looked for before anything else. */
  const doubtful = new Set<string>();
  const known = new Map<string, Handle>();
  let arrayMost: Promise<number> | undefined;

  async function submit(submissions: readonly Submission[]): Promise<readonly Submitted[]> {
    const results = new Map<string, Submitted>();
    const doubted = submissions.filter(({ name }) => doubtful.has(name));
    if (doubted.length > 0) {
      const found = await find(doubted);
      for (const each of doubted) {
        const handle = found.ok ? found.value.get(each.name) : undefined;
        if (handle !== undefined) results.set(each.name, settle(each.name, handle));
        else if (!found.ok) results.set(each.name, found);
        else doubtful.delete(each.name);
      }
    }
    for (const { name } of submissions) {
      const handle = known.get(name);
      if (handle !== undefined) results.set(name, ok(handle));
    }
    const fresh = submissions.filter(({ name }) => !results.has(name));
    if (fresh.length > 1) arrayMost ??= mostInArray(settings, client);
    const most = (await arrayMost) ?? 1;
    for (const group of groupsOf(fresh, most)) {
      for (const [name, result] of await submitGroup(group)) results.set(name, result);
    }
    return submissions.map(({ name }) => results.get(name) ?? never(name));
  }

  async function submitGroup(group: readonly [Submission, ...Submission[]]): Promise<Map<string, Submitted>> {
    const type = await nodes.typeFor(group[0].resources);
    if (!type.ok) return new Map(group.map(({ name }) => [name, type]));
    // Some of what can never run, sbatch takes and leaves waiting.
    const never = await nodes.refusal(group[0].resources);
    if (never !== undefined) return new Map(group.map(({ name }) => [name, err(never)]));
    const results = new Map<string, Submitted>();
    const whole = sbatchOf(settings, group, type.value);
    const laid = await files.lay(
      group,
      group.map((each, index) => options(each, group, whole, index)),
    );
    const ready = group.filter((each, at) => {
      const lying = laid[at];
      if (lying?.ok === false) results.set(each.name, lying);
      return lying?.ok === true;
    });
    // One whose files could not be written would leave a hole in the array: the others go without it.
    if (ready.length < group.length) {
      for (const each of ready)
        for (const [name, result] of await submitGroup([each])) results.set(name, result);
      return results;
    }
    const { secrets, launch } = group[0];
    const env = Object.fromEntries(
      secrets.flatMap((name) => (name in launch.env ? [[name, launch.env[name] ?? '']] : [])),
    );
    const answer = await client.run(whole.argv, whole.script, env);
    const id = answer.code === 0 ? jobIdOf(answer.stdout) : undefined;
    if (id !== undefined) {
      group.forEach((each, index) => {
        const handle = handleOf(each, group.length === 1 ? id : `${id}_${index}`, whole.name);
        results.set(each.name, settle(each.name, handle));
      });
      return results;
    }
    const fault = slurmFault(whole, answer);
    if (!isInDoubt(answer)) return new Map(group.map(({ name }) => [name, err(fault)]));
    for (const { name } of group) doubtful.add(name);
    // It may have been taken: the answer alone was lost.
    const found = await find(group);
    for (const { name } of group) {
      const handle = found.ok ? found.value.get(name) : undefined;
      results.set(name, handle === undefined ? err({ ...fault, passing: true }) : settle(name, handle));
    }
    return results;
  }

  function settle(name: string, handle: Handle): Submitted {
    doubtful.delete(name);
    known.set(name, handle);
    return ok(handle);
  }

  function options(
    each: Submission,
    group: readonly Submission[],
    { name }: Sbatch,
    index: number,
  ): LayOptions {
    return {
      ...(grace !== undefined && { grace }),
      ...(group.length > 1 && { batch: { name, index } }),
      ...(each.resources.nodes > 1 && launcherOf(each.resources)),
    };
  }

  return { submit };
}

function handleOf({ name, folder, host }: Submission, id: string, job: string): Handle {
  return { name, id, folder, extra: { job, ...(host !== undefined && { host }) } };
}

async function mostInArray(settings: SlurmSettings, client: Client): Promise<number> {
  const wanted = settings.array ?? ARRAY;
  if (wanted <= 1) return 1;
  const answer = await client.run(['scontrol', 'show', 'config']);
  const most = /^MaxArraySize\s*=\s*(\d+)/m.exec(answer.stdout)?.[1];
  // An index must be below it. 0: the site has switched arrays off.
  return Math.max(1, Math.min(wanted, most === undefined ? wanted : Number(most)));
}

function never(name: string): never {
  throw new Error(`Internal error: nothing became of the submission of ${name}`);
}
