/** @file What `nvidia-smi` prints, in the forms of its many drivers. Pure: text in, facts out. */
import type { App, Gpu } from './gpu.ts';

/** Before the last field, so that drivers that know no MIG can be asked for the rest. */
export const GPU_FIELDS = [
  'index',
  'uuid',
  'name',
  'memory.total',
  'memory.used',
  'mig.mode.current',
] as const;
export const APP_FIELDS = ['gpu_uuid', 'pid', 'process_name'] as const;

export interface Row {
  readonly gpu: Gpu;
  /** Bytes. */
  readonly used: number | undefined;
  readonly mig: boolean;
}

export interface Rows {
  readonly rows: readonly Row[];
  /** Lines that are about no GPU: a lost one is told of in the midst of the others. */
  readonly strays: readonly string[];
}

const UUID = /^(?:GPU|MIG)-[0-9A-Za-z/-]+$/;
const MIB = 2 ** 20;

/** Of `--query-gpu` with `GPU_FIELDS`, with the last or without, as `csv,noheader,nounits`. */
export function parseGpus(text: string, withMig: boolean): Rows {
  const rows: Row[] = [];
  const strays: string[] = [];
  for (const line of linesOf(text)) {
    const fields = line.split(',').map((field) => field.trim());
    const mig = withMig ? fields.pop() : undefined;
    const used = mebibytes(fields.pop());
    const memory = mebibytes(fields.pop()) ?? 0;
    const [index = '', uuid = '', ...name] = fields;
    if (!/^\d+$/.test(index) || !UUID.test(uuid) || name.length === 0) {
      strays.push(line);
      continue;
    }
    const gpu = { uuid, index: Number(index), name: name.join(', '), memory };
    rows.push({ gpu, used, mig: mig === 'Enabled' });
  }
  return { rows, strays };
}

/**
 * The slices that `-L` names under their GPUs. Memory is what a slice's name promises (`3g.20gb`), in the smaller kind of
 * gigabyte: a little less than it has.
 */
export function parseSlices(text: string): Gpu[] {
  const slices: Gpu[] = [];
  let parent: Omit<Gpu, 'memory'> | undefined;
  for (const line of linesOf(text)) {
    const gpu = /^GPU (\d+): (.*) \(UUID: (GPU-[^)]+)\)/.exec(line);
    const slice = /^\s+(MIG \S+)\s+Device\s+\d+: \(UUID: (MIG-[^)]+)\)/.exec(line);
    if (gpu !== null) {
      parent = { index: Number(gpu[1]), name: gpu[2] as string, uuid: gpu[3] as string };
    } else if (slice !== null && parent !== undefined && UUID.test(slice[2] as string)) {
      const gigabytes = /\.(\d+)gb/.exec(slice[1] as string)?.[1];
      const name = `${parent.name} ${slice[1]}`;
      const memory = gigabytes === undefined ? 0 : Number(gigabytes) * 1e9;
      slices.push({ uuid: slice[2] as string, index: parent.index, name, memory, part: parent.uuid });
    }
  }
  return slices;
}

/** Of `--query-compute-apps` with `APP_FIELDS`, as `csv,noheader,nounits`. */
export function parseApps(text: string): App[] {
  return linesOf(text).flatMap((line): App[] => {
    const [uuid = '', pid = '', ...name] = line.split(',').map((field) => field.trim());
    // A process of another container has no number here, and counts all the same.
    if (!UUID.test(uuid)) return [];
    return [{ uuid, pid: /^\d+$/.test(pid) ? Number(pid) : 0, name: name.join(', ') }];
  });
}

/** What a driver that knows no MIG says of the question for it. */
export function knowsNoMig(text: string): boolean {
  return /"?mig\.mode\.current"? is not a valid field/i.test(text);
}

/** Undefined for `[N/A]`, `[Not Supported]`, `[Unknown Error]`, `[Insufficient Permissions]`. */
function mebibytes(field: string | undefined): number | undefined {
  const number = /^(\d+)(?: MiB)?$/.exec(field ?? '')?.[1];
  return number === undefined ? undefined : Number(number) * MIB;
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
