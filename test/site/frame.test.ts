import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BrokenFrame, encodeFrame, type Frame, frameReader } from '../../engine/site/frame.ts';

/** Cuts bytes at these places. */
function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

describe('frames', () => {
  test('come as they went, however the bytes are split', async () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(20_000).map((length) => new Uint8Array(length)),
    );
    const frames = fc.array(fc.tuple(fc.jsonValue(), body), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(frames, fc.array(fc.nat(), { maxLength: 12 }), async (wanted, cuts) => {
        const encoded = await Promise.all(
          wanted.map(([header, bytes]) => encodeFrame(header as never, bytes)),
        );
        const got: Frame[] = [];
        const reader = frameReader((frame) => got.push({ ...frame, bytes: Buffer.from(frame.bytes) }));
        for (const chunk of split(Buffer.concat(encoded), cuts)) reader.push(chunk);
        expect(got.map(({ header }) => JSON.stringify(header))).toEqual(
          wanted.map(([header]) => JSON.stringify(header)),
        );
        expect(got.every(({ bytes }, i) => bytes.equals(wanted[i]?.[1] as Uint8Array))).toBe(true);
      }),
    );
  });

  test('get shorter where that is worth it, and never much longer', async () => {
    const plain = await encodeFrame(
      {},
      Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7919) % 251)),
    );
    expect((await encodeFrame({}, new Uint8Array(100_000))).length).toBeLessThan(1000);
    expect(plain.length).toBeLessThan(1020);
  });

  function head(header: number, sent: number, bytes: number, packed: number): Buffer {
    const buffer = Buffer.alloc(13);
    for (const [i, value] of [header, sent, bytes].entries()) buffer.writeUInt32BE(value, i * 4);
    buffer.writeUInt8(packed, 12);
    return buffer;
  }

  test.each([
    ['a header of 4 GiB', head(2 ** 32 - 1, 0, 0, 0)],
    ['bytes of 4 GiB', head(2, 2 ** 32 - 1, 2 ** 32 - 1, 0)],
    ['bytes of 4 GiB once unpacked', head(2, 10, 2 ** 32 - 1, 1)],
    ['lengths that do not agree', head(2, 10, 11, 0)],
    ['a packing that nobody knows', head(2, 0, 0, 2)],
    ['a header that is no JSON', Buffer.concat([head(2, 0, 0, 0), Buffer.from('{]')])],
    ['bytes that cannot be unpacked', Buffer.concat([head(2, 3, 5, 1), Buffer.from('{}abc')])],
  ])('%s breaks the link before anything is kept', (_, bytes) => {
    const reader = frameReader(() => {});
    expect(() => reader.push(bytes)).toThrow(BrokenFrame);
  });

  test('bytes that unpack to more than was declared break it', async () => {
    const frame = await encodeFrame({}, new Uint8Array(100_000));
    frame.writeUInt32BE(50, 8);
    // Unpacking ends there: it is not measured afterwards.
    expect(() => frameReader(() => {}).push(frame)).toThrow('its bytes cannot be unpacked');
    expect(() => frameReader(() => {}).push(frame)).toThrow(BrokenFrame);
  });
});
