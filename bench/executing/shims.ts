/** @file Programs of the same name in front of the real ones, which write down that they were called. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Calls {
  readonly env: { readonly PATH: string };
  /** Since the last time it was asked: seconds and words of each call. */
  take(): readonly { readonly at: number; readonly words: readonly string[] }[];
}

export function shims(folder: string, names: readonly string[], more = 'exec "$real" "$@"'): Calls {
  mkdirSync(folder, { recursive: true });
  const log = join(folder, 'calls');
  writeFileSync(log, '');
  for (const name of names) {
    let real: string;
    try {
      real = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    } catch {
      continue;
    }
    const path = join(folder, name);
    writeFileSync(
      path,
      `#!/bin/sh\nreal=${real}\nprintf '%s %s %s\\n' "$(date +%s.%N)" ${name} "$(printf '%s ' "$@" | tr '\\n' ' ' | cut -c1-300)" >>${log}\n${more}\n`,
    );
    chmodSync(path, 0o755);
  }
  return {
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
    take: () => {
      const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
      rmSync(log);
      writeFileSync(log, '');
      return lines.map((line) => {
        const [at = '', ...words] = line.split(' ');
        return { at: Number(at), words };
      });
    },
  };
}
