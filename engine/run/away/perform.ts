/**
 * @file One try at a stage whose executor does not share our files: laid out on a host, run there, and what it made brought
 * into our cache. Whatever cannot be asked is asked again until the run is stopped; then the attempt is left to a later run.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ok } from '../../../base/result.ts';
import type { Because, StageFailure } from '../../event.ts';
import type { ExecutorFault } from '../../executors/contract.ts';
import type { Berth, Laid, Layout, Site } from '../../executors/site.ts';
import type { Stage } from '../../pipeline/graph.ts';
import type { Keyed } from '../../plan/decide.ts';
import { lostBecause } from '../../plan/lost.ts';
import { attemptsFolder } from '../../plan/past.ts';
import type { Attempt } from '../attempt-folder.ts';
import { inputMutated, SUSPECT } from '../input-checks.ts';
import { journalOf } from '../intents.ts';
import type { Performed, Surroundings } from '../perform.ts';
import { type Placed, refusal } from '../placement.ts';
import { type Adopted, jobName, runProcess, type Said } from '../process.ts';
import type { FailureCause } from '../retry.ts';
import { traced } from '../traced.ts';
import { unlessStopped } from '../turn.ts';
import { type Collected, keepCollected, keptCollected } from './collected.ts';
import { strayHint } from './hints.ts';
import { goodsOf } from './inputs.ts';
import { insist, PATIENCE } from './insist.ts';
import { givenOf, keepLaid, keptLaid, launchThere } from './laid.ts';
import { keepHost, lastHost } from './state.ts';

interface Trying {
  readonly context: Surroundings;
  readonly stage: Stage;
  readonly keyed: Keyed;
  readonly opened: Attempt;
  readonly placed: Placed;
  readonly site: Site;
  /** The folder of the key's attempts, here. */
  readonly base: string;
  readonly name: string;
}

export async function performAway(
  context: Surroundings,
  stage: Stage,
  keyed: Keyed,
  opened: Attempt,
  because: readonly Because[],
  tries: number,
  placed: Placed,
  adopted?: Adopted,
): Promise<Performed> {
  const { site, shown } = placed.executor;
  if (site === undefined) throw new Error(`Internal error: ${shown} shares no files and has no site`);
  const { key, fingerprint } = keyed;
  const base = attemptsFolder(context.world.project, key);
  const name = jobName(key, opened.number, placed);
  const trying: Trying = { context, stage, keyed, opened, placed, site, base, name };
  writeFileSync(join(base, 'fingerprint.json'), JSON.stringify(fingerprint));
  const { number: attempt } = opened;
  context.emit({ type: 'stage-started', at: Date.now(), stage: stage.id, key, attempt, because });
  const kept = adopted === undefined ? undefined : { laid: keptLaid(opened.folder), waited: 0 };
  const prepared = kept ?? (await prepare(trying));
  if ('kind' in prepared) return prepared;
  const { laid, waited } = prepared;
  const made = adopted && keptCollected(opened.folder, context.world.project.cache);
  if (made !== undefined) return collected(trying, laid, made);
  if (adopted !== undefined) site.adopt(laid, name, stage.resources);
  const files: { [name: string]: string } = {};
  const launch = launchThere(context, stage, laid, tries, files, placed.settings);
  const written = adopted === undefined ? await insist(trying, () => site.write(laid, files)) : ok(undefined);
  if (!written?.ok) {
    await site.leave(laid, name, 'files');
    return written === undefined ? { kind: 'cancelled' } : refused(written.error);
  }
  const { folder, host, outputs } = laid;
  const task = { name, folder, host, launch, log: opened.log };
  const journal = journalOf(context, stage, opened, placed, { ...task, outputs, tries });
  const said = await runProcess(context, stage, { ...task, journal }, placed, adopted);
  return finish(trying, laid, { ...said, queued: said.queued + waited });
}

/** An attempt laid out, and the seconds that it waited for a host. */
interface Prepared {
  readonly laid: Laid;
  readonly waited: number;
}

async function prepare(trying: Trying): Promise<Prepared | Performed> {
  const { context, stage, keyed, opened, site, base, name } = trying;
  const { world, options, emit } = context;
  const atHand = goodsOf(stage, keyed.inputs, world);
  if (!atHand.ok) return notAtHand(trying, atHand.error);
  const { goods, makers } = atHand.value;
  const last = lastHost(base);
  const stop = options.stop ?? new AbortController().signal;
  const order = {
    name,
    label: stage.id,
    layout: layoutOf(trying, last.state !== undefined),
    resources: stage.resources,
    goods,
    kind: stage.command === undefined ? stage.kind : undefined,
    computes: world.backendOf(stage.kind) !== null,
    host: last.state,
    avoid: last.lost,
  };
  const { profile } = trying.placed;
  let since: number | undefined;
  const waits = (why: string): void => {
    if (stop.aborted) return;
    since ??= performance.now();
    emit({ type: 'stage-placed', at: Date.now(), stage: stage.id, profile, state: 'queued', why });
  };
  const prepared = await unlessStopped(site.prepare(order, waits, stop), stop, PATIENCE);
  if (prepared === undefined) return { kind: 'cancelled' };
  const waited = since === undefined ? 0 : (performance.now() - since) / 1000;
  if (!prepared.ok) {
    const { error } = prepared;
    switch (error.kind) {
      case 'stopped':
        return { kind: 'cancelled' };
      case 'fault':
        return { kind: 'failed', failure: refusal(error.fault), cause: causeOf(error.fault) };
      case 'changed':
        return notAtHand(trying, error);
      case 'lost': {
        const maker = makers.get(error.digest);
        if (maker === undefined) throw new Error(`Internal error: nobody made ${error.digest}`);
        const { stage: producer, output } = maker;
        return notAtHand(trying, { kind: 'lost', producer, output, digest: error.digest });
      }
    }
  }
  const laid = prepared.value;
  if (last.state !== undefined && last.state !== laid.host) {
    const text = `it begins anew on ${laid.host}: what its earlier attempts saved is on ${last.state}`;
    emit({ type: 'stage-note', at: Date.now(), stage: stage.id, text });
  }
  return { laid: keepLaid(opened.folder, laid), waited };
}

/** `state`: earlier attempts left some, which is why the host is chosen; what lies there without is nobody's. */
function layoutOf({ keyed, stage, opened, base }: Trying, state: boolean): Layout {
  return {
    key: keyed.key,
    attempt: opened.number,
    in: keyed.inputs,
    out: stage.out,
    keepState: state,
    apart: opened.number > 1 && existsSync(join(base, SUSPECT)),
  };
}

type NotAtHand = Extract<ReturnType<typeof goodsOf>, { readonly ok: false }>['error'];

function notAtHand({ context }: Trying, fault: NotAtHand): Performed {
  if (fault.kind === 'changed') {
    const message = `${fault.file} changed since the run began.`;
    return {
      kind: 'failed',
      failure: { code: 'input-changed', message, hint: 'run again' },
      cause: 'invalid',
    };
  }
  const { producer, output, digest } = fault;
  return { kind: 'lost', producer, because: lostBecause(context.index, producer, output, digest) };
}

/** The job has ended: what it left behind. */
async function finish(trying: Trying, laid: Laid, said: Said): Promise<Performed> {
  const { site, base, name } = trying;
  const leave = async (performed: Performed, lost?: string): Promise<Performed> => {
    const state = await site.leave(laid, name, 'files');
    // Who cannot be asked may have some.
    keepHost(base, { state: state === false ? undefined : laid.host, lost });
    return performed;
  };
  if (said.left) {
    void site.leave(laid, name, 'nothing');
    return { kind: 'cancelled', left: true };
  }
  if (said.interrupted) return leave({ kind: 'cancelled' });
  if (said.failed?.cause === 'node-lost')
    return leave({ kind: 'failed', ...said.failed, queued: said.queued }, laid.host);
  const spoiled = await insist(trying, () => site.spoiled(laid));
  if (spoiled === undefined) return abandon(trying, laid);
  if (!spoiled.ok) return leave(refused(spoiled.error));
  const found = spoiled.value;
  if (found !== undefined && !found.sure) {
    writeFileSync(join(base, SUSPECT), '');
    return leave({ kind: 'again' });
  }
  if (said.failed !== undefined) {
    const own = inTheirTerms(trying, laid, said.failed.failure);
    return leave({ kind: 'failed', ...said.failed, failure: own, queued: said.queued });
  }
  if (found !== undefined) {
    const failure = inputMutated({ folder: laid.folder }, join(laid.folder, found.path));
    return leave({ kind: 'failed', failure, cause: 'invalid' });
  }
  return collect(trying, laid, said, leave);
}

/** Files that it names as they are called here, and what a command misses that did not come with it. */
function inTheirTerms({ context, stage, keyed }: Trying, laid: Laid, failure: StageFailure): StageFailure {
  const { project } = context.world;
  const own =
    failure.file === undefined ? failure : traced(failure, stage, givenOf(laid, keyed.inputs, project.cache));
  const folder = stage.folder ?? context.index.graph.folder;
  return { ...own, hint: strayHint(stage, folder, failure) ?? own.hint };
}

async function collect(
  trying: Trying,
  laid: Laid,
  said: Said,
  leave: (performed: Performed, lost?: string) => Promise<Performed>,
): Promise<Performed> {
  const { context, stage, site } = trying;
  const { cache } = context.world.project;
  const stop = context.options.stop ?? new AbortController().signal;
  const brought = await insist(trying, () => site.collect(laid, stage.out, cache, stop));
  if (brought === undefined) return abandon(trying, laid);
  if (!brought.ok) {
    return leave(refused(brought.error), brought.error.code === 'node-lost' ? laid.host : undefined);
  }
  if (brought.value.kind === 'refused') {
    const { code, message, hint } = brought.value;
    return leave({ kind: 'failed', failure: { code, message, hint }, cause: 'invalid', queued: said.queued });
  }
  const { artifacts } = brought.value;
  keepCollected(trying.opened.folder, { artifacts, said });
  return collected(trying, laid, { artifacts, said });
}

async function collected(
  { site, name }: Trying,
  laid: Laid,
  { artifacts, said }: Collected,
): Promise<Performed> {
  // A run that ends here ends its link, too.
  await site.leave(laid, name, 'state');
  return { kind: 'ended', made: { at: 'away', artifacts }, said };
}

/** The run is stopped before the host could be asked: a later one goes on where this one was. */
function abandon({ site, name }: Trying, berth: Berth): Performed {
  void site.leave(berth, name, 'nothing');
  return { kind: 'cancelled', left: true };
}

function refused(fault: ExecutorFault): Performed {
  return { kind: 'failed', failure: refusal(fault), cause: causeOf(fault) };
}

/** Another try may go better where a host is to blame. */
function causeOf({ code, passing }: ExecutorFault): FailureCause {
  if (code === 'node-lost') return 'node-lost';
  return passing ? 'launch-failed' : 'invalid';
}
