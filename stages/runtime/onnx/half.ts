/** @file IEEE 754 half precision and bfloat16 as 16-bit patterns. Reading is exact; writing rounds to nearest, ties to even. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Every bfloat16 is the upper half of an f32. */
export function fromBfloat16(source: Uint16Array, target: Float32Array): void {
  const out = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) out[i] = (source[i] as number) << 16;
}

/** Every f16 is an f32; NaN payloads are kept. */
export function fromFloat16(source: Uint16Array, target: Float32Array): void {
  const out = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < source.length; i++) {
    const half = source[i] as number;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 31) out[i] = sign | 0x7f800000 | (fraction << 13);
    else if (exponent > 0) out[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    else {
      // Subnormal: fraction * 2^-24, which f32 holds as a normal number.
      target[i] = fraction * 2 ** -24;
      out[i] = sign | (out[i] as number);
    }
  }
}

export function toBfloat16(value: number): number {
  float[0] = value;
  const pattern = bits[0] as number;
  // A NaN must stay one even if its payload is in the lower half.
  if (Number.isNaN(value)) return (pattern >>> 16) | 0x40;
  return ((pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16) & 0xffff;
}

export function toFloat16(value: number): number {
  float[0] = value;
  const pattern = bits[0] as number;
  const sign = (pattern >>> 16) & 0x8000;
  const magnitude = pattern & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 is half-way between the largest f16 and the next power: it and all above round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | roundEven(Math.abs(float[0] as number) * 2 ** 24);
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
