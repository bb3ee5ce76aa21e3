import { availableParallelism, totalmem } from 'node:os';
import { probe } from '../../cache/probe.ts';
import type { Project } from '../project.ts';
import { type Line, span } from '../report/line.ts';
import { bytes } from '../report/quantity.ts';
import { table } from '../report/table.ts';
import { answer, type Call, sourcesOf } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { projectHere } from './history.ts';
import { packageVersion } from './package.ts';

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
  const project = projectHere(call.cwd);
  const findings: Finding[] = [
    { what: 'warren', ok: true, found: packageVersion() },
    nodeVersion(),
    { what: 'cores', ok: true, found: String(availableParallelism()) },
    { what: 'memory', ok: true, found: bytes(totalmem()) },
    ...cacheFindings(project, sourcesOf(call.cwd).show),
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

/** The cache and how it fits to the project, tried out; one line if it cannot be written. */
function cacheFindings({ cache, home }: Project, show: (path: string) => string): Finding[] {
  try {
    const { stages, people, locks, type, free } = probe(cache, home);
    return [
      { what: 'cache', ok: true, found: `${show(cache)} on ${type}, ${bytes(free)} free` },
      {
        what: 'placement',
        ok: true,
        found: `inputs of stages by ${stages}, results by ${people}`,
        ...(stages === 'copy' ? { hint: 'a cache on the file system of the project gives links' } : {}),
      },
      { what: 'locks', ok: true, found: locks },
    ];
  } catch (error) {
    const found = `${show(cache)} cannot be written: ${(error as Error).message}`;
    return [{ what: 'cache', ok: false, found, hint: 'set WARREN_CACHE to another folder' }];
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
