/** @file pipelines/rrhf.yaml, unchanged, on every executor that is here: the same keys and the same bytes as on this machine? */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { onHost, slurmRig, sshRig } from '../../test/rigs/services.ts';
import { journalOf } from '../measure/intervals.ts';
import { copyProject } from '../measure/project.ts';
import { say } from '../measure/scratch.ts';
import { rounded } from '../measure/statistics.ts';
import { runReport } from '../measure/warren.ts';
import type { Asked } from './tasks.ts';

const FILE = 'pipelines/rrhf.yaml';

interface Place {
  readonly profile: { readonly [setting: string]: unknown };
  readonly env?: { readonly [name: string]: string };
  clear?(): void;
}

type Made = { readonly [stage: string]: { readonly key: unknown; readonly outputs: unknown } };

export async function compareRrhf({ folder }: Asked): Promise<unknown> {
  const results: { [place: string]: unknown } = {};
  let local: Made | undefined;
  for (const [name, place] of Object.entries(places())) {
    if (typeof place === 'string') {
      results[name] = { 'not measured': place };
      continue;
    }
    say(`  ${FILE} on ${name}`);
    const own = join(folder, name);
    mkdirSync(own);
    const project = copyProject(own);
    writeFileSync(join(own, 'warren.yaml'), stringify({ profiles: { there: place.profile } }));
    const env = { ...project.options.env, ...place.env };
    try {
      const ran = await runReport([FILE, '--profile', 'there'], { ...project.options, env, show: true });
      const made = madeIn(journalOf(project.home, ran.report.run));
      local ??= made;
      results[name] = {
        seconds: rounded(ran.seconds),
        stages: Object.keys(made).length,
        ...compared(made, local),
      };
    } finally {
      place.clear?.();
    }
  }
  return { file: FILE, places: results };
}

function places(): { readonly [name: string]: Place | string } {
  const slurm = slurmRig();
  const ssh = sshRig();
  const here: Place = { profile: { executor: 'local' } };
  const onSlurm = slurm.rig && {
    // Memory is a matter of the cluster: by default a job of the rig has 100 MB.
    profile: { executor: 'slurm', partition: 'gpu', resources: { memory: '2G' } },
    env: slurm.rig.env,
  };
  const root = ssh.rig && join(ssh.rig.scratch, `rrhf-${process.pid}`);
  const onSsh = ssh.rig && {
    profile: {
      executor: 'ssh',
      config: ssh.rig.config,
      hosts: ssh.rig.hosts.map((host) => ({ host })),
      root,
    },
    clear: () => {
      for (const host of ssh.rig.hosts) onHost(ssh.rig, host, `rm -rf ${root}`);
    },
  };
  return { local: here, slurm: onSlurm ?? slurm.missing ?? '', ssh: onSsh ?? ssh.missing ?? '' };
}

function madeIn(journal: ReturnType<typeof journalOf>): Made {
  return Object.fromEntries(
    journal.flatMap((event) =>
      event.type === 'stage-done' ? [[event.stage, { key: event.key, outputs: event.outputs }] as const] : [],
    ),
  );
}

function compared(made: Made, local: Made): { readonly [what: string]: unknown } {
  const differing = (part: 'key' | 'outputs'): string[] =>
    [...new Set([...Object.keys(made), ...Object.keys(local)])].filter(
      (stage) => JSON.stringify(made[stage]?.[part]) !== JSON.stringify(local[stage]?.[part]),
    );
  return { 'other keys than local': differing('key'), 'other bytes than local': differing('outputs') };
}
