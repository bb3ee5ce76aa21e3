/** @file How a job on a host is found again: host, folder, and a process that can be told from a later one of its number. */
import type { ProcessName } from '../../site/requests.ts';
import type { Handle } from '../contract.ts';
import type { JobName } from './requests.ts';

export function handleOf(
  { name, folder }: Pick<Handle, 'name' | 'folder'>,
  host: string,
  { pid, start, boot }: ProcessName,
): Handle {
  return { name, id: String(pid), folder, extra: { host, start, boot } };
}

export function hostIn({ extra }: Handle): string {
  return text(extra['host']);
}

export function jobIn({ id, folder, extra }: Handle): JobName {
  const pid = Number(id);
  const process = {
    pid: Number.isSafeInteger(pid) ? pid : 0,
    start: text(extra['start']),
    boot: text(extra['boot']),
  };
  return { folder, process };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
