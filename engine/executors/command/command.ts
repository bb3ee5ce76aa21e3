/** @file Any scheduler that can be told to run a script: submit, poll and cancel are commands of the profile. */
import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Resources } from '../../pipeline/graph.ts';
import { quoteWord } from '../command.ts';
import type { Executor, ExecutorFault, Handle, Submission, Verdict } from '../contract.ts';
import { layJob } from '../records/lay.ts';
import { readRecords } from '../records/records.ts';
import type { Word } from '../records/state.ts';
import { jobFolder, wrapperArgv } from '../records/wrapper.ts';
import { type ScheduledOptions, scheduled } from '../scheduled/scheduled.ts';
import type { CommandSettings } from '../settings.ts';
import { type Answer, type Ask, faultOf, localShell, type Shell } from '../shell.ts';
import { idOf, pairsOf, statesOf } from './states.ts';
import { expressed, fill, requestValues } from './template.ts';

export interface CommandOptions extends Omit<ScheduledOptions, 'files' | 'changes'> {
  readonly shell?: Shell | undefined;
  readonly grace?: number | undefined;
}

/** Of one command. Milliseconds. */
const LIMIT = 60_000;
/** How long after the grace the end of a cancelled job is waited for, and between two words to it. Milliseconds. */
const CONFIRM = 60_000;
const AGAIN = 10_000;

type Wanted = Pick<Submission, 'name' | 'folder'>;
type Found = Result<ReadonlyMap<string, Handle>, ExecutorFault>;

export function commandExecutor(settings: CommandSettings, options: CommandOptions = {}): Executor {
  const { shell = localShell, grace } = options;
  const jobs = scheduled(ask, settings.submit.flat()[0] ?? '', options);
  /** Names whose submission got no answer: looked for before anything else. */
  const doubtful = new Set<string>();

  function run(argv: readonly [string, ...string[]], env?: Ask['env']): Promise<Answer> {
    return shell({ argv, env, limit: LIMIT });
  }

  async function ask(handles: readonly Handle[]): Promise<ReadonlyMap<string, Word>> {
    const ids = handles.map(({ id }) => id).filter((id) => id !== '');
    if (ids.length === 0) return new Map(handles.map(({ name }) => [name, { kind: 'nobody' }]));
    const argv = fill(settings.poll, { ids });
    const answer = await run(argv);
    const states = statesOf(answer.stdout, settings.states);
    // Some fail when one of the ids is gone, and tell of the others all the same.
    if (answer.code !== 0 && states.size === 0) {
      const why = `${argv[0]} failed: ${(answer.stderr.trim().split('\n')[0] ?? '').slice(0, 200)}`;
      return new Map(handles.map(({ name }) => [name, { kind: 'silent', why }]));
    }
    return new Map(handles.map(({ name, id }) => [name, states.get(id) ?? { kind: 'nobody' }]));
  }

  async function submitOne(submission: Submission): Promise<Result<Handle, ExecutorFault>> {
    const { name, folder, launch, secrets, resources } = submission;
    if (doubtful.has(name)) {
      const found = await find([submission]);
      if (!found.ok) return found;
      const handle = found.value.get(name);
      if (handle !== undefined) return ok(handle);
    }
    const laid = layJob(submission, { grace });
    if (!laid.ok) return laid;
    const script = join(jobFolder(folder), 'job.sh');
    writeFileSync(script, `#!/bin/sh\nexec ${wrapperArgv(folder).map(quoteWord).join(' ')}\n`);
    chmodSync(script, 0o755);
    const env = Object.fromEntries(
      secrets.flatMap((each) => (each in launch.env ? [[each, launch.env[each] ?? '']] : [])),
    );
    const values = { ...requestValues(resources), name: jobNameOf(submission), folder, script };
    const argv = fill(settings.submit, values);
    const answer = await run(argv, env);
    const id = answer.code === 0 ? idOf(answer.stdout, settings.id) : undefined;
    if (id !== undefined) {
      doubtful.delete(name);
      return ok(handleOf(submission, id));
    }
    return err(refusal(submission, argv, answer));
  }

  function refusal({ name }: Submission, argv: [string, ...string[]], answer: Answer): ExecutorFault {
    if (answer.failed === 'missing') {
      const message = `There is no ${argv[0]} to be found.`;
      return faultOf('no-command', message, false, { argv }, answer, 'see `submit:` of the profile');
    }
    if (answer.failed === undefined && answer.code !== 0) {
      return faultOf('submit-refused', `${argv[0]} failed.`, false, { argv }, answer);
    }
    doubtful.add(name);
    const message =
      answer.code === 0 ? `${argv[0]} printed no id.` : `${argv[0]} did not answer in ${LIMIT / 1000} s.`;
    // Without a way to look, another try could start it twice; the claim of the first start keeps the second away.
    return faultOf(
      'submit-doubtful',
      message,
      answer.code !== 0,
      { argv },
      answer,
      'see `id:` of the profile',
    );
  }

  async function find(wanted: readonly Wanted[]): Promise<Found> {
    const found = new Map<string, Handle>();
    for (const each of wanted) {
      const { start } = readRecords(each.folder);
      // Not every scheduler tells the job its id; its records show that it lives.
      if (start !== undefined) found.set(each.name, handleOf(each, start.id ?? ''));
    }
    const open = wanted.filter(({ name }) => !found.has(name));
    if (open.length === 0 || settings.find === undefined) return ok(found);
    const argv = fill(settings.find, { names: open.map(jobNameOf) });
    const answer = await run(argv);
    const pairs = pairsOf(answer.stdout);
    if (answer.code !== 0 && pairs.length === 0) {
      return err(faultOf('cannot-ask', `${argv[0]} failed.`, true, { argv }, answer));
    }
    for (const each of open) {
      const id = pairs.findLast(([, name]) => name === jobNameOf(each))?.[0];
      if (id !== undefined) found.set(each.name, handleOf(each, id));
    }
    return ok(found);
  }

  async function cancel(handles: readonly Handle[], ms: number): Promise<void> {
    jobs.cancelling(handles);
    const deadline = performance.now() + ms + CONFIRM;
    let left = handles;
    while (left.length > 0 && performance.now() < deadline) {
      await run(fill(settings.cancel, { ids: left.map(({ id }) => id) }));
      const again = performance.now() + AGAIN;
      do {
        const words = await ask(left);
        left = left.filter(({ name, folder }) => {
          const word = words.get(name)?.kind;
          return readRecords(folder).exit === undefined && word !== 'over' && word !== 'nobody';
        });
        if (left.length > 0) await sleep(500);
      } while (left.length > 0 && performance.now() < Math.min(again, deadline));
    }
    jobs.cancelling(handles);
  }

  function check(resources: Resources): Promise<Verdict> {
    const said = expressed(settings.submit, resources);
    if (said.ok) return Promise.resolve({ fits: 'now' });
    const message = `The submit command of the profile has no words for ${said.error}.`;
    const hint = 'give it the placeholder, or ask for less';
    return Promise.resolve({
      fits: 'never',
      fault: { code: 'not-expressible', message, hint, passing: false },
    });
  }

  return {
    shown: settings.submit.flat()[0] ?? 'command',
    capabilities: { sharedFs: true, survivesEngine: true, gang: false, arrays: false, queues: true },
    check,
    submit: async (submissions) => {
      const results = [];
      for (const each of submissions) results.push(await submitOne(each));
      jobs.quicken();
      return results;
    },
    find,
    poll: jobs.poll,
    logs: jobs.logs,
    cancel,
    ...(jobs.onChange !== undefined && { onChange: jobs.onChange }),
    close: jobs.close,
  };
}

function handleOf({ name, folder }: Wanted, id: string): Handle {
  return { name, id, folder, extra: {} };
}

/** With the folder in it: schedulers tell names, and another project may have an attempt of the same key. */
function jobNameOf({ name, folder }: Wanted): string {
  return `${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
}
