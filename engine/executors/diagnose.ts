/** @file What an executor lacks, for `doctor`. A total table; each is loaded when a profile names it. */
import type { Finding } from './finding.ts';
import type { ExecutorSettings } from './settings.ts';

const DIAGNOSE: {
  readonly [E in ExecutorSettings['executor']]: (
    settings: Extract<ExecutorSettings, { readonly executor: E }>,
  ) => Promise<readonly Finding[]>;
} = {
  local: async (settings) => (await import('./diagnose-local.ts')).diagnose(settings),
  ssh: async (settings) => (await import('./ssh/diagnose.ts')).diagnose(settings),
  slurm: async (settings) => (await import('./slurm/diagnose.ts')).diagnose(settings),
  command: async (settings) => (await import('./command/diagnose.ts')).diagnose(settings),
  kubernetes: async (settings) => (await import('./kubernetes/diagnose.ts')).diagnose(settings),
  ray: async (settings) => (await import('./ray/diagnose.ts')).diagnose(settings),
};

/** Asks whatever has to be asked; takes as long as that takes. */
export function diagnose(settings: ExecutorSettings): Promise<readonly Finding[]> {
  const ask = DIAGNOSE[settings.executor] as (settings: ExecutorSettings) => Promise<readonly Finding[]>;
  return ask(settings);
}
