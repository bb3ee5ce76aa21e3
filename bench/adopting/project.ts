/** @file The project whose engines die: some thirty commands that note each start, and outputs that follow from inputs. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Random } from '../../stages/runtime/random.ts';

/** Whoever keeps a state ends when told to; the others end in their own time, and well. */
const JOB = `id=$1 tenths=$2 keeps=$3 out=$4
shift 4
kind=bare
[ ! -d "\${out%/*/*}/job" ] || kind=job
note() { printf '%s %s %s %s %s\\n' "$1" "$id" "$kind" "$(date +%s%3N)" "$out" >>"$WARREN_BENCH_NOTES"; }
told() {
  note told
  [ "$keeps" = no ] || { echo "$n" >"$WARREN_STATE/n"; exit 143; }
}
n=0
if [ "$keeps" = yes ] && [ -f "$WARREN_STATE/n" ]; then read -r n <"$WARREN_STATE/n"; fi
trap told TERM
note started
while [ "$n" -lt "$tenths" ]; do
  sleep 0.1
  n=$((n + 1))
  [ "$keeps" = no ] || echo "$n" >"$WARREN_STATE/n"
done
echo "$id of $#"
{ echo "$id"; cat "$@" </dev/null; } | sha256sum | cut -c 1-64 >"$out"
note ended
`;

export const NOTES = 'WARREN_BENCH_NOTES';

interface Stage {
  readonly id: string;
  readonly tenths: number;
  readonly keeps: boolean;
  readonly from: readonly string[];
}

/** A fan-out, a chain, what joins both, and a tail. */
function stagesOf(random: Random): Stage[] {
  const stages: Stage[] = [];
  const add = (id: string, ...from: string[]): void => {
    stages.push({ id, tenths: 2 + random.integer(19), keeps: random.next() < 0.4, from });
  };
  for (let i = 0; i < 10; i++) add(`fan${i}`);
  for (let i = 0; i < 7; i++) add(`chain${i}`, ...(i === 0 ? [] : [`chain${i - 1}`]));
  for (let i = 0; i < 8; i++) add(`mid${i}`, `fan${i}`, `chain${i % 4}`);
  add('join', ...Array.from({ length: 8 }, (_, i) => `mid${i}`), 'fan8', 'fan9', 'chain6');
  for (let i = 0; i < 4; i++) add(`tail${i}`, i === 0 ? 'join' : `tail${i - 1}`);
  return stages;
}

export interface Profiles {
  readonly [name: string]: { readonly [setting: string]: unknown };
}

/** Answers how many stages it has. */
export function writeProject(folder: string, random: Random, profiles: Profiles): number {
  const drawn = stagesOf(random);
  const stages = Object.fromEntries(
    drawn.map(({ id, tenths, keeps, from }) => [
      id,
      {
        run: [
          'sh',
          '${in.job}',
          id,
          `${tenths}`,
          keeps ? 'yes' : 'no',
          '${out.o}',
          ...from.map((name) => `\${in.${name}}`),
        ],
        in: { job: 'in.job', ...Object.fromEntries(from.map((name) => [name, `${name}.o`])) },
        out: { o: 'file' },
        pass_env: [NOTES],
      },
    ]),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'job.sh'), JOB);
  writeFileSync(join(folder, 'warren.yaml'), stringify({ profiles }));
  const out = Object.fromEntries(drawn.map(({ id }) => [id, `${id}.o`]));
  writeFileSync(join(folder, 'p.yaml'), stringify({ name: 'p', in: { job: './job.sh' }, stages, out }));
  return drawn.length;
}

/** Names of outputs that differ or are not in both. */
export function differences(one: string, other: string, stages: readonly string[]): string[] {
  const read = (folder: string, name: string): string | undefined => {
    const path = join(folder, 'out/p', name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  };
  return stages.filter((id) => {
    const [a, b] = [read(one, id), read(other, id)];
    return a === undefined || a !== b;
  });
}
