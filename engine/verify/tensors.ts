/** @file Where two safetensors files differ, tensor by tensor. */
import { openSafetensors, readTensor } from '../../stages/runtime/onnx/safetensors.ts';
import type { TensorFile } from '../../stages/runtime/onnx/safetensors-header.ts';
import { type Difference, type Found, isWithin, MOST } from './difference.ts';

type Tensor = Extract<Difference, { kind: 'tensor' }>;

/** Undefined for files that are no safetensors, and where every tensor is the same: then the bytes are compared. */
export async function compareTensors(
  member: string,
  before: string,
  after: string,
  tolerance: number,
): Promise<Found | undefined> {
  const [left, right] = [await openSafetensors(before), await openSafetensors(after)];
  if (!left.ok || !right.ok) return undefined;
  const names = new Set([...left.value.entries.keys(), ...right.value.entries.keys()]);
  const differences: Tensor[] = [];
  let within = 0;
  for (const name of names) {
    const found = await compareOne(member, name, left.value, right.value);
    if (found === undefined) continue;
    if (found.largest !== null && found.isWithin(tolerance)) within += found.count ?? 0;
    else differences.push(found.tensor);
  }
  if (differences.length === 0 && within === 0) return undefined;
  return { differences: differences.slice(0, MOST), more: Math.max(0, differences.length - MOST), within };
}

interface Compared {
  readonly tensor: Tensor;
  readonly count: number | null;
  readonly largest: number | null;
  isWithin(tolerance: number): boolean;
}

async function compareOne(
  member: string,
  name: string,
  left: TensorFile,
  right: TensorFile,
): Promise<Compared | undefined> {
  const [a, b] = [await readTensor(left, name), await readTensor(right, name)];
  const dtypes = [left, right].map(({ entries }) => entries.get(name)?.dtype);
  const whole = (of: number): Compared => {
    const tensor: Tensor = { kind: 'tensor', member, tensor: name, count: null, of, largest: null };
    return { tensor, count: null, largest: null, isWithin: () => false };
  };
  // One that is not there, or of a type that holds no floating-point numbers.
  if (!a.ok || !b.ok) return dtypes[0] === dtypes[1] ? undefined : whole(0);
  const [x, y] = [a.value.data, b.value.data];
  const sameShape = a.value.shape.join() === b.value.shape.join();
  if (!sameShape || dtypes[0] !== dtypes[1]) return whole(x.length);
  // By bits: a NaN is equal to itself, 0 and -0 are two values.
  const [bitsX, bitsY] = [bits(x), bits(y)];
  const differing: number[] = [];
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    if (bitsX[i] === bitsY[i]) continue;
    differing.push(i);
    const distance = Math.abs((x[i] as number) - (y[i] as number));
    largest = Number.isNaN(distance) ? Number.NaN : Math.max(largest, distance);
  }
  if (differing.length === 0) return undefined;
  const told = Number.isFinite(largest) ? largest : null;
  const tensor: Tensor = {
    kind: 'tensor',
    member,
    tensor: name,
    count: differing.length,
    of: x.length,
    largest: told,
  };
  return {
    tensor,
    count: differing.length,
    largest: told,
    isWithin: (tolerance) => differing.every((i) => isWithin(x[i] as number, y[i] as number, tolerance)),
  };
}

function bits(data: Float32Array): Uint32Array {
  return new Uint32Array(data.buffer, data.byteOffset, data.length);
}
