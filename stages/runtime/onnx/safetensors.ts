/** @file The safetensors format: 8 bytes of header length, a JSON header, raw little-endian tensors. Headers are not trusted. */
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { err, ok, type Result } from '../../../base/result.ts';
import type { Failure } from '../../protocol/failure.ts';
import type { Weight, Weights } from './api.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from './half.ts';

export type Dtype = 'F32' | 'F16' | 'BF16';
const BYTES: { readonly [D in Dtype]: number } = { F32: 4, F16: 2, BF16: 2 };
/** The limit of the reference implementation. */
const LONGEST_HEADER = 100_000_000;
/** name -> {shape: [...]}: nothing valid nests deeper. */
const DEEPEST_HEADER = 3;

interface Entry {
  readonly name: string;
  /** As written: a dtype that is never read (I64 of some buffer) does no harm. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Byte offsets in the file. */
  readonly begin: number;
  readonly end: number;
}

/** The checked directory of one file. */
export interface TensorFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, Entry>;
}

/**
 * Reads and checks a header: length, depth, dtypes, shape products, offsets in range without overlap or hole.
 * Errors: `safetensors-header`, `tensor-truncated`, `tensor-shape`.
 */
export async function openSafetensors(path: string): Promise<Result<TensorFile, Failure>> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (cause) {
    return bad(
      'safetensors-unreadable',
      path,
      `${basename(path)} cannot be opened (${(cause as NodeJS.ErrnoException).code})`,
    );
  }
  try {
    const about = await handle.stat();
    if (!about.isFile()) return bad('safetensors-unreadable', path, `${basename(path)} is not a file`);
    const size = about.size;
    const prefix = Buffer.alloc(8);
    const { bytesRead } = await handle.read(prefix, 0, 8, 0);
    const length = Number(prefix.readBigUInt64LE());
    if (bytesRead < 8) return bad('tensor-truncated', path, `${basename(path)} ends inside its header`);
    if (length > LONGEST_HEADER)
      return bad('safetensors-header', path, `${basename(path)} claims a header of ${length} bytes`);
    if (8 + length > size) return bad('tensor-truncated', path, `${basename(path)} ends inside its header`);
    const header = Buffer.alloc(length);
    await handle.read(header, 0, length, 8);
    return readHeader(path, header.toString('utf8'), 8 + length, size);
  } finally {
    await handle.close();
  }
}

/** One tensor as f32, whatever it is stored as. Errors: `tensor-missing`, `tensor-dtype`, `tensor-truncated`. */
export async function readTensor(file: TensorFile, name: string): Promise<Result<Weight, Failure>> {
  const entry = file.entries.get(name);
  if (entry === undefined)
    return bad('tensor-missing', file.path, `tensor "${name}" is not in ${basename(file.path)}`);
  const { dtype } = entry;
  if (!isDtype(dtype))
    return bad(
      'tensor-dtype',
      file.path,
      `tensor "${name}" is stored as ${dtype}; F32, F16 and BF16 are read`,
    );
  const bytes = new Uint8Array(entry.end - entry.begin);
  const handle = await open(file.path, 'r');
  try {
    // One read may return less than asked for (2 GiB at most on Linux).
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(
        bytes,
        at,
        Math.min(bytes.length - at, 2 ** 30),
        entry.begin + at,
      );
      if (bytesRead === 0) return truncated(file.path, name);
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return ok({ shape: entry.shape, data: decode(bytes, dtype) });
}

/** Writes tensors in code-point order of their names: equal weights, equal bytes. */
export async function writeSafetensors(path: string, weights: Weights, dtype: Dtype = 'F32'): Promise<void> {
  const names = [...weights.keys()].sort();
  // transformers refuses a file without this entry.
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const name of names) {
    const { shape, data } = weights.get(name) as Weight;
    const end = offset + data.length * BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Spaces align the data to 8 bytes, as the format recommends.
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  const handle = await open(path, 'w');
  try {
    await handle.writeFile(Buffer.concat([prefix, padded]));
    for (const name of names) await handle.writeFile(encode((weights.get(name) as Weight).data, dtype));
  } finally {
    await handle.close();
  }
}

function readHeader(path: string, text: string, start: number, size: number): Result<TensorFile, Failure> {
  const header = parse(text);
  if (header === undefined)
    return bad('safetensors-header', path, `the header of ${basename(path)} is not a flat JSON object`);
  const entries = new Map<string, Entry>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const entry = readEntry(name, value, start);
    if (entry === undefined)
      return bad('safetensors-header', path, `the header of ${basename(path)} misdescribes tensor "${name}"`);
    if (entry.end > size) return truncated(path, name);
    const count = entry.shape.reduce((product, n) => product * n, 1);
    if (isDtype(entry.dtype) && count * BYTES[entry.dtype] !== entry.end - entry.begin) {
      const held = `${entry.end - entry.begin} bytes`;
      return bad(
        'tensor-shape',
        path,
        `tensor "${name}" in ${basename(path)} has shape [${entry.shape}] but ${held}`,
      );
    }
    entries.set(name, entry);
  }
  // In order of offset each tensor must begin where the one before ends: no overlap, no hole, nothing after the last.
  let expected = start;
  for (const entry of [...entries.values()].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== expected) {
      const how = entry.begin < expected ? 'overlaps another' : 'leaves a gap before it';
      return bad('safetensors-header', path, `tensor "${entry.name}" in ${basename(path)} ${how}`);
    }
    expected = entry.end;
  }
  if (expected !== size)
    return bad(
      'safetensors-header',
      path,
      `${basename(path)} has ${size - expected} bytes that no tensor owns`,
    );
  return ok({ path, entries });
}

function parse(text: string): { readonly [name: string]: unknown } | undefined {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if ((c === '{' || c === '[') && ++depth > DEEPEST_HEADER) return undefined;
    else if (c === '}' || c === ']') depth--;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function readEntry(name: string, value: unknown, start: number): Entry | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = value as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  if (typeof dtype !== 'string' || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    return undefined;
  const [begin, end] = offsets as [number, number];
  if (begin > end || !Number.isSafeInteger(start + end)) return undefined;
  return { name, dtype, shape, begin: start + begin, end: start + end };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function isDtype(value: string): value is Dtype {
  return Object.hasOwn(BYTES, value);
}

function decode(bytes: Uint8Array, dtype: Dtype): Float32Array {
  if (dtype === 'F32') return new Float32Array(bytes.buffer);
  const data = new Float32Array(bytes.length / 2);
  (dtype === 'F16' ? fromFloat16 : fromBfloat16)(new Uint16Array(bytes.buffer), data);
  return data;
}

function encode(data: Float32Array, dtype: Dtype): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const narrow = new Uint16Array(data.length);
  const convert = dtype === 'F16' ? toFloat16 : toBfloat16;
  for (let i = 0; i < data.length; i++) narrow[i] = convert(data[i] as number);
  return new Uint8Array(narrow.buffer);
}

function truncated(path: string, name: string): Result<never, Failure> {
  return bad('tensor-truncated', path, `${basename(path)} ends inside tensor "${name}"`);
}

function bad(code: string, file: string, message: string): Result<never, Failure> {
  return err({ code, message, file, hint: 'Copy or download the model folder again.' });
}
