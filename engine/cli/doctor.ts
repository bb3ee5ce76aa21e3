import { accessSync, constants, existsSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { type Line, span } from '../report/line.ts';
import { bytes } from '../report/quantity.ts';
import { table } from '../report/table.ts';
import { answer, type Call, sourcesOf } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { projectHere } from './history.ts';

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  readonly hint?: string;
}

interface DoctorDocument {
  readonly schema: 'warren/doctor/1';
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** `doctor`: whether this machine and project can run pipelines; 1 if something is missing. */
export async function doctor(call: Call): Promise<ExitCode> {
  const { cache } = projectHere(call.cwd);
  const findings: Finding[] = [
    nodeVersion(),
    { what: 'cores', ok: true, found: String(availableParallelism()) },
    { what: 'memory', ok: true, found: bytes(totalmem()) },
    writable(cache, sourcesOf(call.cwd).show(cache)),
    await backend(),
  ];
  const ok = findings.every((finding) => finding.ok);
  const document: DoctorDocument = { schema: 'warren/doctor/1', ok, findings };
  answer(call, document, () => findings.flatMap(lines));
  return ok ? EXIT.done : EXIT.failed;
}

function lines({ what, ok, found, hint }: Finding): Line[] {
  const row = table([
    [span(ok ? 'ok     ' : 'missing', ok ? 'good' : 'bad'), span(what.padEnd(16)), span(found)],
  ]);
  return hint === undefined ? row : [...row, [span('  hint: ', 'info'), span(hint)]];
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    what: 'node',
    ok,
    found: process.versions.node,
    ...(ok ? {} : { hint: 'install Node.js 20.19 or later' }),
  };
}

/** The folder itself, or the nearest one above that is there. */
function writable(folder: string, shown: string): Finding {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  try {
    accessSync(at, constants.W_OK);
    return { what: 'cache', ok: true, found: shown };
  } catch {
    return {
      what: 'cache',
      ok: false,
      found: `${shown} cannot be written`,
      hint: 'set WARREN_CACHE to another folder',
    };
  }
}

async function backend(): Promise<Finding> {
  const what = 'onnxruntime-node';
  try {
    const { env } = await import('onnxruntime-node');
    return { what, ok: true, found: env.versions.common };
  } catch (error) {
    const found = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { what, ok: false, found, hint: 'install it again: npm ci' };
  }
}
