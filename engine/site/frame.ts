/**
 * @file Frames of a link: a JSON header and bytes. `[u32 header][u32 bytes as sent][u32 bytes][u8 packed]`, then both.
 * What a frame declares is held against limits before anything of it is kept.
 */
import { promisify } from 'node:util';
import { constants, gunzipSync, gzip } from 'node:zlib';
import type { Json } from '../../base/json.ts';

const HEAD = 13;
/** Most bytes of a frame's JSON, and of what goes with it. */
const MOST_HEADER: number = 16 * 2 ** 20;
export const MOST_BYTES: number = 4 * 2 ** 20;
/** Bytes below which packing costs more than it saves. */
const WORTH = 512;

export interface Frame {
  readonly header: unknown;
  readonly bytes: Buffer;
}

const EMPTY = Buffer.alloc(0);
const pack = promisify(gzip) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>;

/** Bytes that get a tenth shorter by it are packed. */
export async function encodeFrame(header: Json, bytes: Uint8Array = EMPTY): Promise<Buffer> {
  const text = Buffer.from(JSON.stringify(header));
  if (text.length > MOST_HEADER || bytes.length > MOST_BYTES) {
    throw new Error(`Internal error: a frame of ${text.length} and ${bytes.length} bytes`);
  }
  const packed = bytes.length < WORTH ? undefined : await pack(bytes, { level: constants.Z_BEST_SPEED });
  const isPacked = packed !== undefined && packed.length < bytes.length * 0.9;
  const sent = isPacked ? packed : bytes;
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(text.length, 0);
  head.writeUInt32BE(sent.length, 4);
  head.writeUInt32BE(bytes.length, 8);
  head.writeUInt8(isPacked ? 1 : 0, 12);
  return Buffer.concat([head, text, sent]);
}

/** What came is no frame: the other side is not what it should be. */
export class BrokenFrame extends Error {}

interface Reader {
  /** Throws a `BrokenFrame`; nothing after it may be read. */
  push(chunk: Uint8Array): void;
}

/** Puts frames together, however the bytes are split. */
export function frameReader(take: (frame: Frame) => void): Reader {
  let chunks: Uint8Array[] = [];
  let have = 0;
  let need = HEAD;

  return {
    push: (chunk) => {
      chunks.push(chunk);
      have += chunk.length;
      while (have >= need) {
        const all = chunks.length === 1 ? asBuffer(chunks[0] as Uint8Array) : Buffer.concat(chunks);
        const whole = sizeOf(all);
        if (all.length >= whole) {
          chunks = all.length > whole ? [all.subarray(whole)] : [];
          have = all.length - whole;
          need = HEAD;
          take(frameIn(all));
        } else {
          chunks = [all];
          need = whole;
        }
      }
    },
  };
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
}

function sizeOf(head: Buffer): number {
  const [header, sent, bytes, packed] = fields(head);
  if (header > MOST_HEADER || sent > MOST_BYTES || bytes > MOST_BYTES) {
    throw new BrokenFrame('it declares more than may come at once');
  }
  if (packed > 1 || (packed === 0 && sent !== bytes)) throw new BrokenFrame('its lengths do not agree');
  return HEAD + header + sent;
}

function frameIn(all: Buffer): Frame {
  const [header, sent, bytes, packed] = fields(all);
  const rest = all.subarray(HEAD + header, HEAD + header + sent);
  return {
    header: headerIn(all.subarray(HEAD, HEAD + header)),
    bytes: packed === 1 ? unpack(rest, bytes) : rest,
  };
}

function fields(head: Buffer): [header: number, sent: number, bytes: number, packed: number] {
  return [head.readUInt32BE(0), head.readUInt32BE(4), head.readUInt32BE(8), head.readUInt8(12)];
}

function headerIn(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    throw new BrokenFrame('its header is no JSON');
  }
}

/** To the declared length and not a byte more: a small frame must not fill the memory. */
function unpack(packed: Buffer, length: number): Buffer {
  let bytes: Buffer;
  try {
    bytes = gunzipSync(packed, { maxOutputLength: Math.max(length, 1) });
  } catch {
    throw new BrokenFrame('its bytes cannot be unpacked');
  }
  if (bytes.length !== length) throw new BrokenFrame('its bytes are not as long as declared');
  return bytes;
}
