/** @file The small tasks of the bench: as a pipeline, and as a script that does the same and publishes the same. */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Timed, timed } from '../measure/command.ts';
import { type RunReport, runReport, tally } from '../measure/warren.ts';

export interface Asked {
  /** Empty, of a row alone. */
  readonly folder: string;
  readonly tasks: number;
  readonly rounds: number;
}

/** Ten milliseconds and a file. */
const WORK = 'sleep 0.01; echo';

export interface Project {
  /** Cold: state and cache are new. */
  run(): Promise<Timed & { readonly report: RunReport }>;
}

export interface ProjectOptions {
  readonly profile: { readonly [setting: string]: unknown };
  readonly env?: { readonly [name: string]: string };
}

/** A matrix of so many stages. */
export function projectOf(folder: string, tasks: number, { profile, env = {} }: ProjectOptions): Project {
  mkdirSync(folder, { recursive: true });
  const n = Array.from({ length: tasks }, (_, i) => i);
  const stage = { run: `${WORK} \${matrix.n} > \${out.o}`, matrix: { n }, out: { o: 'file' } };
  writeFileSync(join(folder, 'warren.yaml'), stringify({ profiles: { there: profile } }));
  writeFileSync(join(folder, 'p.yaml'), stringify({ name: 'tasks', stages: { t: stage } }));
  const home = join(folder, '.warren');
  return {
    run: async () => {
      rmSync(home, { recursive: true, force: true });
      const options = { cwd: folder, env: { ...env, WARREN_HOME: home, WARREN_CACHE: join(home, 'cache') } };
      const ran = await runReport(['p.yaml', '--profile', 'there', '--quiet'], options);
      const counts = tally(ran.report);
      if (counts['ran'] !== tasks) throw new Error(`not all ran: ${JSON.stringify(counts)}`);
      return ran;
    },
  };
}

/** What the peers run for each task, in words and as a script. */
export const PUBLISH =
  'mkdir of an attempt folder; the same process with its output in a log; sha256sum; copy to a temporary name; chmod 444; sync of that file; rename to the digest; a record written to a temporary name, synced and renamed; rm of the attempt folder';

export function publishScript(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'task.sh');
  writeFileSync(
    path,
    `#!/bin/sh
set -eu
n=$1 root=${folder}/made
work=$root/tries/$n
mkdir -p "$work" "$root/objects" "$root/records"
sh -c '${WORK} "$1" > "$2"' task "$n" "$work/o" >"$work/log" 2>&1 </dev/null
digest=$(sha256sum "$work/o")
digest=\${digest%% *}
cp "$work/o" "$root/objects/.tmp-$n"
chmod 444 "$root/objects/.tmp-$n"
sync "$root/objects/.tmp-$n"
mv "$root/objects/.tmp-$n" "$root/objects/$digest"
printf '{"task":%s,"o":"%s"}\\n' "$n" "$digest" >"$root/records/.tmp-$n"
sync "$root/records/.tmp-$n"
mv "$root/records/.tmp-$n" "$root/records/$n.json"
rm -r "$work"
`,
  );
  chmodSync(path, 0o755);
  return path;
}

/** Times a command of the peer's that leaves a record for each task. */
export async function peer(
  folder: string,
  tasks: number,
  argv: readonly [string, ...string[]],
): Promise<Timed> {
  rmSync(join(folder, 'made'), { recursive: true, force: true });
  const result = await timed(argv, { cwd: folder });
  const last = readFileSync(join(folder, 'made/records', `${tasks - 1}.json`), 'utf8');
  if (!last.includes(`"task":${tasks - 1}`)) throw new Error('the peer did not do its tasks');
  return result;
}
