/** @file What `doctor` finds under each profile: side by side, and each in limited time. */
import { diagnose } from '../executors/diagnose.ts';
import type { Finding } from '../executors/finding.ts';
import type { ExecutorSettings } from '../executors/settings.ts';
import type { Profile } from '../settings/profiles.ts';

export interface ProfileFindings {
  readonly profile: string;
  readonly executor: ExecutorSettings['executor'];
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

export interface Diagnosis {
  readonly profiles: readonly ProfileFindings[];
  /** Some executor was still being asked when the time was over. */
  readonly unanswered: boolean;
}

export async function diagnoseProfiles(profiles: readonly Profile[], limit: number): Promise<Diagnosis> {
  let unanswered = false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limit);
  });
  const found = profiles.map(async (profile): Promise<ProfileFindings> => {
    const { name, settings } = profile;
    const findings = await Promise.race([findingsOf(profile), late]);
    unanswered ||= findings === undefined;
    const all = findings ?? [silent(limit)];
    return { profile: name, executor: settings.executor, ok: all.every(({ ok }) => ok), findings: all };
  });
  try {
    return { profiles: await Promise.all(found), unanswered };
  } finally {
    clearTimeout(timer);
  }
}

/** Of the profile itself, then what is different under its overrides: another partition may be the missing one. */
async function findingsOf({ settings, kinds, stages }: Profile): Promise<readonly Finding[]> {
  const own = diagnose(settings);
  const overrides = [
    ...[...kinds].map(([kind, override]) => ({ where: `kind ${kind}`, ...override })),
    ...[...stages].map(([stage, override]) => ({ where: `stage ${stage}`, ...override })),
  ].filter((override) => override.profile === undefined && Object.keys(override.settings).length > 0);
  const others = overrides.map(async ({ where, settings: more }): Promise<readonly Finding[]> => {
    // Of one executor: the override was read by the fields of the profile's.
    const findings = await diagnose({ ...settings, ...more } as ExecutorSettings);
    const known = new Set((await own).map((finding) => JSON.stringify(finding)));
    return findings
      .filter((finding) => !known.has(JSON.stringify(finding)))
      .map((finding) => ({ ...finding, what: `${finding.what} (${where})` }));
  });
  return [...(await own), ...(await Promise.all(others)).flat()];
}

function silent(limit: number): Finding {
  const found = `did not answer within ${limit / 1000} s`;
  return { what: 'answer', ok: false, found, hint: 'look whether its host can be reached' };
}
