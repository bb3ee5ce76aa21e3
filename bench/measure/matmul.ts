/** @file onnxruntime's own rate of one f32 matrix product: the measure that model speeds are divided by. */
import { GraphBuilder } from '../../stages/runtime/onnx/graph.ts';
import { openSession, tensors } from '../../stages/runtime/onnx/session.ts';
import { median } from './statistics.ts';

/** Median floating-point operations a second of `size`^3 products, 2 size^3 each. */
export async function matmulRate(threads: number, size = 1024, rounds = 15): Promise<number> {
  const g = new GraphBuilder();
  const a = g.input('a', 'float32', [size, size]);
  const b = g.input('b', 'float32', [size, size]);
  g.output('c', g.node('MatMul', [a, b]), [size, size]);
  const session = await openSession(g.bytes(), threads);
  const make = await tensors();
  const matrix = (): Float32Array =>
    Float32Array.from({ length: size * size }, (_, i) => (i % 97) / 97 - 0.5);
  const feeds = { a: make.float(matrix(), [size, size]), b: make.float(matrix(), [size, size]) };
  const fetches = { c: make.float(new Float32Array(size * size), [size, size]) };
  const seconds: number[] = [];
  for (let round = -3; round < rounds; round++) {
    const start = performance.now();
    await session.run(feeds, fetches);
    if (round >= 0) seconds.push((performance.now() - start) / 1000);
  }
  await session.close();
  return (2 * size ** 3) / median(seconds);
}
