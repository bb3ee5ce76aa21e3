/** @file Keys and values of every layer in plain memory: rows are sequences, and the room of a row grows with the longest. */

/** Room grows by so many tokens. A multiple of the vector length: what a row sums to does not depend on the room of others. */
const STEP = 64;

interface CacheShape {
  readonly layers: number;
  readonly rows: number;
  readonly groups: number;
  readonly width: number;
}

export interface KeyValueCache {
  /** Tokens that each row has room for. */
  readonly room: number;
  /** Two buffers a layer, key then value, each [rows, groups, room, width]. */
  readonly buffers: readonly Float32Array[];
  /** Makes room for `tokens` in every row; what is held stays. */
  reserve(tokens: number): void;
  /** Writes the first `count` tokens of a row of `from`, [*, groups, stride, width], to `row` at `position`. */
  write(
    buffer: number,
    row: number,
    position: number,
    from: Float32Array,
    fromRow: number,
    stride: number,
    count: number,
  ): void;
  /** Copies the first `length` tokens of a row over another row, in every buffer. */
  copy(from: number, to: number, length: number): void;
}

export function keyValueCache({ layers, rows, groups, width }: CacheShape): KeyValueCache {
  let room = 0;
  let buffers: Float32Array[] = [];

  /** Offset of a token in a buffer of the given room. */
  const at = (row: number, group: number, position: number, size: number): number =>
    ((row * groups + group) * size + position) * width;

  return {
    get room() {
      return room;
    },
    get buffers() {
      return buffers;
    },
    reserve(tokens) {
      if (tokens <= room) return;
      const grown = Math.ceil(tokens / STEP) * STEP;
      buffers = Array.from({ length: 2 * layers }, (_, i) => {
        const old = buffers[i];
        const fresh = new Float32Array(rows * groups * grown * width);
        if (old) {
          for (let place = 0; place < rows * groups; place++) {
            fresh.set(old.subarray(place * room * width, (place + 1) * room * width), place * grown * width);
          }
        }
        return fresh;
      });
      room = grown;
    },
    write(buffer, row, position, from, fromRow, stride, count) {
      const target = buffers[buffer] as Float32Array;
      for (let group = 0; group < groups; group++) {
        const start = at(fromRow, group, 0, stride);
        const to = at(row, group, position, room);
        if (count > 1) target.set(from.subarray(start, start + count * width), to);
        else for (let i = 0; i < width; i++) target[to + i] = from[start + i] as number;
      }
    },
    copy(from, to, length) {
      for (const buffer of buffers) {
        for (let group = 0; group < groups; group++) {
          const start = at(from, group, 0, room);
          buffer.copyWithin(at(to, group, 0, room), start, start + length * width);
        }
      }
    },
  };
}
