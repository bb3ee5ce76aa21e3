/** @file The agent's own files, as they are sent: what its entry reaches, which is nothing but modules of ours. */

import { hash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { err, ok, type Result } from '../../base/result.ts';
import type { ExecutorFault } from '../executors/contract.ts';
import { readSources } from '../plan/code.ts';

export interface AgentPack {
  /** 64 hex digits: of the files. */
  readonly digest: string;
  /** JSON of `[path, text]` pairs, packed. */
  packed(): Buffer;
}

/** Modules that are loaded by URL, not by import. */
const APART = ['base/digest-thread.js'];
const ENTRY = 'engine/site/agent.js';

/** The built program that runs, or that which was built from the sources that run. */
export function builtProgram(): Result<string, ExecutorFault> {
  const own = fileURLToPath(new URL('../../', import.meta.url));
  if (import.meta.url.endsWith('.js')) return ok(own);
  const built = join(own, 'dist');
  if (!existsSync(join(built, ENTRY)))
    return err(notBuilt('This program runs from its sources and is not built'));
  return ok(built);
}

let known: { readonly folder: string; readonly pack: Result<AgentPack, ExecutorFault> } | undefined;

/** Read once for a program. */
export function agentPack(folder: string): Result<AgentPack, ExecutorFault> {
  if (known?.folder !== folder) known = { folder, pack: readPack(folder) };
  return known.pack;
}

function readPack(folder: string): Result<AgentPack, ExecutorFault> {
  const { files, code } = readSources([ENTRY, ...APART].map((file) => join(folder, file)));
  if (code.packages.length > 0) {
    throw new Error(`Internal error: the agent reaches packages: ${code.packages.join(', ')}`);
  }
  const stale = files.find((file) => isStale(folder, file));
  if (stale !== undefined) {
    return err(notBuilt(`What is built is older than ${relative(folder, stale).replace(/\.js$/, '.ts')}`));
  }
  const texts = files.map((file) => [
    relative(folder, file).split(sep).join('/'),
    readFileSync(file, 'utf8'),
  ]);
  const text = JSON.stringify([['package.json', '{"type":"module"}'], ...texts]);
  return ok({ digest: hash('sha256', text, 'hex'), packed: () => gzipSync(text) });
}

/** Only a program that runs from its sources can be older than they are. */
function isStale(folder: string, file: string): boolean {
  if (import.meta.url.endsWith('.js')) return false;
  const source = join(folder, '..', relative(folder, file).replace(/\.js$/, '.ts'));
  const stat = statSync(source, { throwIfNoEntry: false });
  return stat !== undefined && stat.mtimeMs > statSync(file).mtimeMs;
}

function notBuilt(what: string): ExecutorFault {
  const message = `${what}: only a built program can be sent to other machines.`;
  return { code: 'program-not-built', message, hint: 'npm run build', passing: false };
}
