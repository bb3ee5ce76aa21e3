/** @file An engine's project: stages of random sizes and lengths, and the job that shows what it holds. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Drawn {
  readonly gpus: number;
  /** Milliseconds. */
  readonly sleep: number;
}

/**
 * Puts its number on the mark of each of its GPUs, and takes it away at its end. A mark that bears the number of a process
 * that lives is a GPU that two have; one of a dead process was left by a kill.
 */
const JOB = `#!/bin/sh
marks=$1 nap=$2 out=$3
lives() {
  read -r line < "/proc/$1/stat" || return 1
  line=\${line##*) }
  [ "\${line%% *}" != Z ]
} 2>/dev/null
uuids=$(echo "$CUDA_VISIBLE_DEVICES" | tr , ' ')
for uuid in $uuids; do
  if ! (set -C; echo $$ > "$marks/$uuid") 2>/dev/null; then
    read -r other < "$marks/$uuid"
    if lives "$other"; then echo "$uuid is held by $other, and given to $$" >> "$marks/doubles"; fi
    echo $$ > "$marks/$uuid"
  fi
done
sleep "$nap"
for uuid in $uuids; do
  read -r holder < "$marks/$uuid"
  if [ "$holder" = $$ ]; then rm "$marks/$uuid"; else echo "$uuid of $$ was given to $holder" >> "$marks/doubles"; fi
done
echo done > "$out"
`;

export function writeJob(folder: string): string {
  const path = join(folder, 'job.sh');
  writeFileSync(path, JOB);
  chmodSync(path, 0o755);
  return path;
}

/** Each round asks for other results: nothing of it is in the cache. */
export function writePipeline(
  folder: string,
  round: number,
  stages: readonly Drawn[],
  job: string,
  marks: string,
): void {
  mkdirSync(folder, { recursive: true });
  const lines = stages.map(({ gpus, sleep }, at) => {
    const run = JSON.stringify([job, marks, (sleep / 1000).toFixed(3), '${out.o}']);
    return `  s${at}: { run: ${run}, with: { round: ${round} }, out: { o: file }, resources: { gpus: ${gpus}, cpus: 1 } }`;
  });
  writeFileSync(join(folder, 'p.yaml'), `name: p\nstages:\n${lines.join('\n')}\n`);
}
