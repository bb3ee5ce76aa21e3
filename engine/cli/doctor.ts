import { probe } from '../../cache/probe.ts';
import type { Finding } from '../executors/finding.ts';
import type { Project } from '../project.ts';
import { type Line, padded, span } from '../report/line.ts';
import { bytes } from '../report/quantity.ts';
import { width } from '../report/width.ts';
import { chooseProfile, LOCAL, profileNamed } from '../settings/profiles.ts';
import { readSettings } from '../settings/settings.ts';
import { answer, type Call, refuse, sourcesOf } from './call.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { projectHere } from './history.ts';
import { packageVersion } from './package.ts';
import { diagnoseProfiles, type ProfileFindings } from './profile-findings.ts';
import type { ProfileOption } from './project-settings.ts';
import { commandLines, hintLines } from './where-lines.ts';

interface DoctorDocument {
  readonly schema: 'warren/doctor/1';
  readonly ok: boolean;
  /** Of this machine and the project. */
  readonly findings: readonly Finding[];
  readonly profiles: readonly ProfileFindings[];
}

/** Milliseconds that the profiles have to answer. */
const PATIENCE = 30_000;

/**
 * `doctor`: whether this machine and project can run pipelines, and what each profile lacks, or only the one that is
 * named; 1 if something is missing.
 */
export async function doctor(call: Call, options: ProfileOption): Promise<ExitCode> {
  const project = projectHere(call.cwd);
  const settings = await readSettings(project);
  if (!settings.ok) return refuse(call, settings.error);
  const { profiles: known } = settings.value;
  const chosen = chooseProfile(settings.value, options.profile, {});
  if (!chosen.ok) return refuse(call, [chosen.error]);
  const asked = options.profile === undefined ? new Set([LOCAL, ...known.keys()]) : new Set([chosen.value]);
  const diagnosis = diagnoseProfiles(
    [...asked].map((name) => profileNamed(known, name)),
    PATIENCE,
  );
  const findings: Finding[] = [
    { what: 'warren', ok: true, found: packageVersion() },
    nodeVersion(),
    ...cacheFindings(project, sourcesOf(call.cwd).show),
    await backend(),
  ];
  const { profiles, unanswered } = await diagnosis;
  const ok = [...findings, ...profiles].every((each) => each.ok);
  const document: DoctorDocument = { schema: 'warren/doctor/1', ok, findings, profiles };
  answer(call, document, () => [...findingLines(findings), ...profiles.flatMap(profileLines)]);
  const code = ok ? EXIT.done : EXIT.failed;
  // What asks a host that does not answer may go on for minutes.
  if (unanswered) process.exit(code);
  return code;
}

function profileLines({ profile, executor, findings }: ProfileFindings): Line[] {
  const head = profile === executor ? profile : `${profile} (${executor})`;
  return [[], [span('profile ', 'dim'), span(head, 'strong')], ...findingLines(findings)];
}

/** What is found stands below each other, also where names of hosts are long. */
function findingLines(findings: readonly Finding[]): Line[] {
  const columns = Math.max(16, ...findings.map(({ what }) => width(what)));
  return findings.flatMap(({ what, ok, found, hint, command, output }) => [
    [
      span(ok ? 'ok     ' : 'missing', ok ? 'good' : 'bad'),
      span('  '),
      padded(what, columns),
      span(`  ${found}`),
    ],
    ...commandLines(command, output),
    ...hintLines(hint),
  ]);
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
