/** @file Which host has the state of a key's attempts, and which one lost the last of them: `attempts/<key>/host.json`. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../../cache/publish.ts';

export interface LastHost {
  /** It has something in `state/`. */
  readonly state?: string | undefined;
  /** An attempt was lost there. */
  readonly lost?: string | undefined;
}

const NAME = 'host.json';

export function lastHost(attempts: string): LastHost {
  try {
    const { state, lost } = JSON.parse(readFileSync(join(attempts, NAME), 'utf8')) as {
      [name: string]: unknown;
    };
    return {
      state: typeof state === 'string' ? state : undefined,
      lost: typeof lost === 'string' ? lost : undefined,
    };
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return {};
  }
}

export function keepHost(attempts: string, last: LastHost): void {
  if (last.state === undefined && last.lost === undefined) rmSync(join(attempts, NAME), { force: true });
  else writeFileSync(join(attempts, NAME), JSON.stringify(last));
}
