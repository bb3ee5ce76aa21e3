/** @file A stand-in for `nvidia-smi` that says what it is told to, and a folder of leases: a machine of its own. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Says {
  /** Lines of `--query-gpu`; default: `gpus` H100s. */
  readonly rows?: string;
  readonly gpus?: number;
  /** Lines of `-L`. */
  readonly list?: string;
  /** Lines of `--query-compute-apps`. */
  readonly apps?: string;
  readonly exit?: number;
  /** What a driver does that knows no MIG. */
  readonly old?: boolean;
  /** Seconds that an answer takes. */
  readonly slow?: number;
}

export interface GpuMachine {
  readonly folder: string;
  readonly leases: string;
  /** The environment in which it is found. */
  readonly env: NodeJS.ProcessEnv;
  uuid(index: number): string;
  says(says: Says): void;
  /** Calls so far. */
  calls(): number;
}

const SCRIPT = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/calls"
[ -f "$here/slow" ] && exec sleep "$(cat "$here/slow")"
code=$(cat "$here/exit")
case $1 in
  *mig.mode.current*)
    if [ -f "$here/old" ]; then echo 'Field "mig.mode.current" is not a valid field to query.'; exit 2; fi
    cat "$here/rows" ;;
  --query-gpu=*) cat "$here/rows" ;;
  -L) cat "$here/list" ;;
  --query-compute-apps=*) cat "$here/apps" ;;
esac
exit "$code"
`;

export function uuidOf(index: number): string {
  return `GPU-00000000-0000-4000-8000-00000000000${index}`;
}

/** In a folder that the caller removes. */
export function gpuMachineIn(folder: string, gpus: number): GpuMachine {
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const path = join(folder, 'nvidia-smi');
  const rowsOf = (count: number, old: boolean): string =>
    Array.from({ length: count }, (_, at) => {
      const row = `${at}, ${uuidOf(at)}, NVIDIA H100 80GB HBM3, 81559, 4`;
      return `${row}${old ? '' : ', Disabled'}\n`;
    }).join('');
  const says = ({
    rows,
    gpus: count = gpus,
    list = '',
    apps = '',
    exit = 0,
    old = false,
    slow,
  }: Says): void => {
    write('rows', rows ?? rowsOf(count, old));
    write('list', list);
    write('apps', apps);
    write('exit', String(exit));
    for (const [name, text] of [
      ['old', old ? '1' : undefined],
      ['slow', slow?.toString()],
    ] as const) {
      if (text === undefined) rmSync(join(folder, name), { force: true });
      else write(name, text);
    }
  };
  write('nvidia-smi', SCRIPT);
  write('calls', '');
  chmodSync(path, 0o755);
  says({});
  const leases = join(folder, 'leases');
  return {
    folder,
    leases,
    env: { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, WARREN_GPU_LEASES: leases },
    uuid: uuidOf,
    says,
    calls: () => readFileSync(join(folder, 'calls'), 'utf8').split('\n').length - 1,
  };
}
