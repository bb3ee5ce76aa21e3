/** @file On the host: starts the wrapper of an attempt, so that it goes on when the agent ends. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { bootId, startOf } from '../../../../cache/owner.ts';
import type { ProcessName } from '../../../site/requests.ts';
import type { GpuGrant } from '../../contract.ts';
import { jobFolder, wrapperArgv } from '../../records/wrapper.ts';
import { nameIn } from './look.ts';

/** The wrapper hands descriptors from here on to its command untouched. */
const FIRST_LEASE = 10;
/** Milliseconds until the wrapper has written who it is. */
const PATIENCE = 5000;
const LOOK = 10;

/** Safe to repeat: a wrapper that finds another one's claim ends at once, and the first is the one that is named. */
export async function startJob(
  folder: string,
  secrets: { readonly [name: string]: string },
  grant: GpuGrant | undefined,
): Promise<ProcessName> {
  const before = nameIn(folder);
  if (before !== undefined) return before;
  const [file, ...words] = wrapperArgv(folder);
  const log = openSync(join(jobFolder(folder), 'wrapper.log'), 'a');
  const unused = new Array<'ignore'>(FIRST_LEASE - 3).fill('ignore');
  const child = spawn(file, words, {
    cwd: folder,
    detached: true,
    env: { ...withoutGpus(process.env), ...secrets, ...(grant && granted(grant)) },
    stdio: ['ignore', log, log, ...(grant === undefined ? [] : [...unused, ...grant.files])],
  });
  closeSync(log);
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.unref();
  const deadline = performance.now() + PATIENCE;
  const spawned: ProcessName = { pid: child.pid ?? 0, start: startOf(child.pid ?? 0), boot: bootId() };
  for (let over = false; !over && performance.now() < deadline; ) {
    const named = nameIn(folder);
    if (named !== undefined) return named;
    const pause = new Promise<false>((resolve) => setTimeout(resolve, LOOK, false));
    over = await Promise.race([failed, ended.then(() => true), pause]);
  }
  return nameIn(folder) ?? spawned;
}

function granted({ visible, uuids }: GpuGrant): { [name: string]: string } {
  return {
    CUDA_VISIBLE_DEVICES: visible,
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    WARREN_GPUS: uuids.join(','),
  };
}

/** Who is granted none sees none: what the login shell set is nobody's lease. */
function withoutGpus(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, CUDA_VISIBLE_DEVICES: '' };
}
