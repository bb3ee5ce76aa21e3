/**
 * @file A scheduler in a folder: jobs are shells that live on without their engine, and everything that is known of them
 * lies in files. `<folder>/held` keeps jobs in the queue, `<folder>/down` makes everything unreachable.
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { err, ok } from '../../base/result.ts';
import type {
  Executor,
  ExecutorFault,
  Handle,
  Offsets,
  State,
  Submission,
} from '../../engine/executors/contract.ts';
import type { ExecutorSettings } from '../../engine/executors/settings.ts';

/** The settings that stand for it: what `open` is given does not matter to it. */
export const FOLDER: ExecutorSettings = { executor: 'command', submit: [], poll: [], cancel: [] };

/** Where an engine can be struck while it works with it. */
export type Moment = 'submitting' | 'submitted' | 'queued' | 'running' | 'ended';

const SCRIPT = `cd "$0" || exit 1
while [ -e ../held ]; do sleep 0.02; done
echo $$ > pid.tmp && mv pid.tmp pid
"$@" > out 2> err 3> events < /dev/null
echo $? > exit.tmp && mv exit.tmp exit`;

export function folderExecutor(folder: string, at: (moment: Moment) => void = () => {}): Executor {
  mkdirSync(folder, { recursive: true });
  const of = (name: string, file: string): string => join(folder, name, file);
  const handleOf = (name: string, there: string): Handle => ({ name, id: name, folder: there, extra: {} });
  const down: ExecutorFault = { code: 'host-unreachable', message: 'The folder is away.', passing: true };
  const isDown = (): boolean => existsSync(join(folder, 'down'));

  function submitOne({ name, folder: there, launch }: Submission): Handle {
    if (!existsSync(join(folder, name))) {
      mkdirSync(join(folder, name));
      writeFileSync(of(name, 'folder'), there);
      const job = spawn('/bin/sh', ['-c', SCRIPT, join(folder, name), ...launch.argv], {
        cwd: launch.cwd,
        env: launch.env,
        stdio: 'ignore',
        detached: true,
      });
      job.unref();
    }
    return handleOf(name, there);
  }

  function stateOf(name: string): State {
    if (isDown()) return { kind: 'unknown', why: down.message };
    if (!existsSync(join(folder, name))) return { kind: 'lost', evidence: 'nobody knows of it' };
    if (existsSync(of(name, 'cancelled'))) {
      return { kind: 'ended', exit: { kind: 'signalled', signal: 'SIGTERM', cause: 'cancelled' } };
    }
    if (existsSync(of(name, 'exit'))) {
      at('ended');
      return {
        kind: 'ended',
        exit: { kind: 'exited', code: Number(readFileSync(of(name, 'exit'), 'utf8')) },
      };
    }
    const running = existsSync(of(name, 'pid'));
    at(running ? 'running' : 'queued');
    return running ? { kind: 'running', host: 'folder' } : { kind: 'queued', why: 'held' };
  }

  function read(name: string, file: string, from: number): Uint8Array {
    return existsSync(of(name, file)) ? readFileSync(of(name, file)).subarray(from) : new Uint8Array();
  }

  return {
    shown: 'folder',
    capabilities: { sharedFs: true, survivesEngine: true, gang: false, arrays: false, queues: true },
    check: () => Promise.resolve({ fits: 'now' }),
    submit: async (submissions) => {
      at('submitting');
      if (isDown()) return submissions.map(() => err(down));
      const handles = submissions.map((each) => ok(submitOne(each)));
      at('submitted');
      return handles;
    },
    find: async (wanted) => {
      if (isDown()) return err(down);
      const known = wanted.filter(
        ({ name, folder: there }) =>
          existsSync(of(name, 'folder')) && readFileSync(of(name, 'folder'), 'utf8') === there,
      );
      return ok(new Map(known.map(({ name, folder: there }) => [name, handleOf(name, there)])));
    },
    poll: async (handles) => new Map(handles.map(({ name }) => [name, stateOf(name)])),
    logs: async ({ name }, from: Offsets) => {
      if (isDown()) return undefined;
      return {
        stdout: read(name, 'out', from.stdout),
        stderr: read(name, 'err', from.stderr),
        events: read(name, 'events', from.events),
      };
    },
    cancel: async (handles) => {
      if (isDown()) return;
      for (const { name } of handles) {
        if (!existsSync(of(name, 'pid')) || existsSync(of(name, 'exit'))) continue;
        writeFileSync(of(name, 'cancelled'), '');
        process.kill(-Number(readFileSync(of(name, 'pid'), 'utf8')), 'SIGTERM');
      }
    },
    close: () => {},
  };
}

/** Names that were ever submitted. */
export function jobsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((each) =>
    each.isDirectory() ? each.name : [],
  );
}

/** Makes or takes away `held` or `down`. */
export function mark(folder: string, name: 'held' | 'down'): void {
  mkdirSync(folder, { recursive: true });
  closeSync(openSync(join(folder, name), 'w'));
}
