/** @file What this machine has for stages, and what of it a profile uses. */
import { spawnSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import { CONTAINER_RUNTIMES } from '../pipeline/graph.ts';
import { findMemoryCap } from './cap/memory.ts';
import type { Finding } from './finding.ts';
import { detectGpus } from './gpus/detect.ts';
import type { Gpu } from './gpus/gpu.ts';
import { leasableGpus } from './gpus/visible.ts';
import type { LocalSettings } from './settings.ts';

export async function diagnose(settings: LocalSettings): Promise<readonly Finding[]> {
  const { gpus, findings } = await gpuFindings(settings);
  const cap = settings.cap_memory === true ? [memoryCap()] : [];
  const locks = gpus.length > 0 ? [flock()] : [];
  return [cores(settings), memory(settings), ...cap, ...findings, ...locks, containers(settings)];
}

/** A machine without any is whole, unless the profile names one. */
function containers({ container }: LocalSettings): Finding {
  const what = 'containers';
  for (const runtime of container === undefined ? CONTAINER_RUNTIMES : [container]) {
    const { status, stdout } = spawnSync(runtime, ['--version'], { encoding: 'utf8', timeout: 5000 });
    // `podman version 4.3.1`, `Docker version 28.2.2, build e6534b4`
    if (status === 0) return { what, ok: true, found: stdout.split('\n', 1)[0]?.slice(0, 80) ?? runtime };
  }
  const found = `${container ?? CONTAINER_RUNTIMES.join(', ')} not found`;
  const hint = 'stages with container: need one of podman, docker, apptainer';
  return { what, ok: container === undefined, found, hint };
}

function cores({ cpus }: LocalSettings): Finding {
  const there = availableParallelism();
  if (cpus === undefined) return { what: 'cores', ok: true, found: `all of ${there}` };
  const finding: Finding = { what: 'cores', ok: true, found: `${cpus} of ${there}` };
  return cpus <= there ? finding : { ...finding, hint: 'more than there are: stages will share cores' };
}

function memory({ memory: limit }: LocalSettings): Finding {
  const there = totalmem();
  const shown = `${gigabytes(there)} GiB`;
  if (limit === undefined) return { what: 'memory', ok: true, found: `all of ${shown}` };
  const ok = limit <= there;
  const hint = 'lower memory of the profile: stages would be killed';
  return { what: 'memory', ok, found: `${gigabytes(limit)} of ${shown}`, ...(ok ? {} : { hint }) };
}

function memoryCap(): Finding {
  const what = 'cap_memory';
  const cap = findMemoryCap();
  if (cap === undefined) {
    const hint =
      'take cap_memory out of the profile: this system has neither control groups for us nor limits';
    return { what, ok: false, found: 'cannot be done', hint };
  }
  if (cap.of === 'group') return { what, ok: true, found: cap.shown };
  const hint = 'no control group may be made here, so what its processes use together is not limited';
  return { what, ok: true, found: cap.shown, hint };
}

/** `23.4` */
function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}

async function gpuFindings({
  gpus: chosen,
}: LocalSettings): Promise<{ readonly gpus: readonly Gpu[]; readonly findings: readonly Finding[] }> {
  const what = 'gpus';
  if (chosen === 'none')
    return { gpus: [], findings: [{ what, ok: true, found: 'none, as the profile says' }] };
  const { gpus: all, trouble } = await detectGpus(process.env);
  const { gpus, hidden } = leasableGpus(all, process.env['CUDA_VISIBLE_DEVICES'], chosen);
  const findings: Finding[] = gpus.map(({ uuid, index, name, memory: size }) => {
    const room = size === 0 ? '' : `, ${gigabytes(size)} GiB`;
    return { what: `gpu ${index}`, ok: true, found: `${name}${room}, ${uuid}` };
  });
  // A machine without GPUs is whole, unless the profile names some.
  const words = Array.isArray(chosen) ? (chosen as readonly string[]) : [];
  const lacks = words.some((word) => leasableGpus(all, undefined, [word]).gpus.length === 0);
  if (trouble !== undefined) {
    const { command, output } = trouble;
    const ok = trouble.none && !lacks;
    const hint = ok ? undefined : 'nvidia-smi has to list the GPUs for stages to get them';
    findings.push({ what, ok, found: trouble.why, hint, ...(ok ? {} : { command, output }) });
  }
  for (const clause of hidden) {
    const ok = !/^its profile names/.test(clause);
    const hint = ok ? undefined : 'nvidia-smi -L names those that are there';
    findings.push({ what, ok, found: clause, hint });
  }
  return { gpus, findings };
}

/** Leases of GPUs are locks of the kernel, which the job itself holds. */
function flock(): Finding {
  const { status } = spawnSync('flock', ['--version'], { stdio: 'ignore', timeout: 5000 });
  if (status === 0) return { what: 'flock', ok: true, found: 'there' };
  return {
    what: 'flock',
    ok: false,
    found: 'not found',
    hint: 'install util-linux: GPUs are leased with it',
  };
}
