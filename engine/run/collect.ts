/** @file Takes what a stage produced into the cache: all declared outputs, nothing else. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { err, ok, type Result } from '../../base/result.ts';
import type { Artifact, ArtifactFault } from '../../cache/artifact.ts';
import { errnoOf } from '../../cache/publish.ts';
import { holdArtifact, storeArtifact } from '../../cache/store.ts';
import { temporaryStore } from '../../cache/temporary.ts';
import type { StageFailure } from '../event.ts';
import type { Output, Stage } from '../pipeline/graph.ts';
import { isFolder } from '../plan/suffix.ts';

interface Collected {
  readonly artifacts: { readonly [name: string]: Artifact };
  /** Why the cache could not take all of them. */
  readonly unstored: string | undefined;
}

/**
 * Checks every output before the first is stored: a stage gives all of its outputs or none. `keep`: they stay where they are
 * until there is a record, so that whoever adopts the attempt of a killed engine can do all of it again.
 */
export async function collectOutputs(
  stage: Pick<Stage, 'out'>,
  paths: { readonly [name: string]: string },
  cache: string,
  keep = false,
): Promise<Result<Collected, StageFailure>> {
  const fault = outputFault(stage, paths);
  if (fault !== undefined) return err(fault);
  const artifacts: { [name: string]: Artifact } = {};
  let unstored: string | undefined;
  for (const [name, { temp }] of Object.entries(stage.out)) {
    try {
      const store = temp === true ? temporaryStore(cache) : cache;
      const stored = await storeOrHold(store, paths[name] as string, keep);
      if (!stored.ok) return err(refused(name, stored.error));
      artifacts[name] = stored.value.artifact;
      unstored ??= stored.value.unstored;
    } catch (error) {
      const code = errnoOf(error);
      if (code === undefined) throw error;
      return err({
        code: 'cache-write',
        message: `out.${name} could not be stored: ${(error as Error).message}.`,
        hint: code === 'ENOSPC' ? 'free some space, or move the cache with WARREN_CACHE' : undefined,
      });
    }
  }
  return ok({ artifacts, unstored });
}

/** Bytes that the cache cannot take stay where they are. */
async function storeOrHold(
  cache: string,
  path: string,
  keep: boolean,
): Promise<Result<{ readonly artifact: Artifact; readonly unstored?: string }, ArtifactFault>> {
  try {
    const stored = await storeArtifact(cache, path, keep);
    return stored.ok ? ok({ artifact: stored.value }) : stored;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const held = await holdArtifact(path);
    return held.ok ? ok({ artifact: held.value, unstored: (error as Error).message }) : held;
  }
}

/** The first output that is not what the stage declares. */
export function outputFault(
  stage: Pick<Stage, 'out'>,
  paths: { readonly [name: string]: string },
): StageFailure | undefined {
  for (const [name, output] of Object.entries(stage.out)) {
    const fault = checkOutput(name, output, paths[name] as string);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function checkOutput(name: string, output: Output, path: string): StageFailure | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const folder = isFolder(output);
  if (stat === undefined) return missing(name, 'was not produced', folder);
  if (stat.isSymbolicLink()) {
    return refused(name, { code: 'symlink-escapes', path, message: 'it is a link, not bytes of its own.' });
  }
  if (!stat.isFile() && !stat.isDirectory()) {
    return refused(name, { code: 'special-file', path, message: 'it is neither a file nor a folder.' });
  }
  if (folder && !stat.isDirectory()) return wrong(name, 'is declared as a folder, but a file was written.');
  if (!folder && stat.isDirectory()) return wrong(name, 'is declared as a file, but a folder was made.');
  // A plain folder may be empty on purpose; a model or tokenizer never is.
  if (folder && output.type !== 'folder' && readdirSync(path).length === 0)
    return missing(name, 'is empty', folder);
  if (output.type === 'metrics' && !isJson(path))
    return wrong(name, 'is declared as metrics, which are one JSON document, and this is none.');
  return undefined;
}

function missing(name: string, what: string, folder: boolean): StageFailure {
  return {
    code: 'output-missing',
    message: `It ended well, but out.${name} ${what}.`,
    hint: `the ${folder ? 'folder' : 'file'} to write is \${out.${name}}`,
  };
}

function wrong(name: string, what: string): StageFailure {
  return { code: 'output-invalid', message: `out.${name} ${what}` };
}

function refused(name: string, fault: ArtifactFault): StageFailure {
  return { code: fault.code, message: `out.${name} cannot be stored: ${fault.message}` };
}

function isJson(path: string): boolean {
  try {
    JSON.parse(readFileSync(path, 'utf8'));
    return true;
  } catch {
    return false;
  }
}
