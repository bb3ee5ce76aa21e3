/** @file Writes the ONNX protobuf (onnx.proto3, IR 10): only the messages and fields that our graphs use. */

export type ElementType = 'float32' | 'int64' | 'int32' | 'bool';
export type Dim = number | string;

export interface TensorData {
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Little-endian raw bytes, row-major. */
  readonly bytes: Uint8Array;
}

export type Attribute = number | readonly number[] | string | { readonly float: number };

export interface NodeProto {
  readonly op: string;
  readonly domain: string;
  /** An empty name is an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: { readonly [name: string]: Attribute };
}

export interface ValueProto {
  readonly name: string;
  readonly type: ElementType;
  /** Absent: the shape is left to inference. */
  readonly dims: readonly Dim[] | undefined;
}

export interface GraphProto {
  readonly nodes: readonly NodeProto[];
  readonly inputs: readonly ValueProto[];
  readonly outputs: readonly ValueProto[];
  readonly initializers: readonly { readonly name: string; readonly tensor: TensorData }[];
}

const elementCode: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };
/** AttributeProto.AttributeType. */
const attributeCode = { FLOAT: 1, INT: 2, STRING: 3, INTS: 7 } as const;
const OPSET = 21;
const IR_VERSION = 10;

/** Serialises a model with the default and the com.microsoft operator sets. */
export function encodeModel(graph: GraphProto): Uint8Array {
  const model = new Writer();
  model.int(1, IR_VERSION);
  model.text(2, 'warren');
  model.message(7, encodeGraph(graph));
  for (const [domain, version] of [
    ['', OPSET],
    ['com.microsoft', 1],
  ] as const) {
    const opset = new Writer();
    opset.text(1, domain);
    opset.int(2, version);
    model.message(8, opset);
  }
  return model.finish();
}

function encodeGraph(graph: GraphProto): Writer {
  const writer = new Writer();
  for (const node of graph.nodes) writer.message(1, encodeNode(node));
  writer.text(2, 'warren');
  for (const { name, tensor } of graph.initializers) writer.message(5, encodeTensor(name, tensor));
  for (const value of graph.inputs) writer.message(11, encodeValue(value));
  for (const value of graph.outputs) writer.message(12, encodeValue(value));
  return writer;
}

function encodeNode(node: NodeProto): Writer {
  const writer = new Writer();
  for (const name of node.inputs) writer.text(1, name);
  for (const name of node.outputs) writer.text(2, name);
  writer.text(3, node.outputs[0] ?? '');
  writer.text(4, node.op);
  for (const [name, value] of Object.entries(node.attributes))
    writer.message(5, encodeAttribute(name, value));
  writer.text(7, node.domain);
  return writer;
}

function encodeAttribute(name: string, value: Attribute): Writer {
  const writer = new Writer();
  writer.text(1, name);
  if (typeof value === 'number') {
    writer.int(3, value);
    writer.int(20, attributeCode.INT);
  } else if (typeof value === 'string') {
    writer.text(4, value);
    writer.int(20, attributeCode.STRING);
  } else if ('float' in value) {
    writer.float(2, value.float);
    writer.int(20, attributeCode.FLOAT);
  } else {
    for (const item of value) writer.int(8, item);
    writer.int(20, attributeCode.INTS);
  }
  return writer;
}

function encodeTensor(name: string, tensor: TensorData): Writer {
  const writer = new Writer();
  for (const dim of tensor.dims) writer.int(1, dim);
  writer.int(2, elementCode[tensor.type]);
  writer.text(8, name);
  writer.bytes(9, tensor.bytes);
  return writer;
}

function encodeValue(value: ValueProto): Writer {
  const tensor = new Writer();
  tensor.int(1, elementCode[value.type]);
  if (value.dims) tensor.message(2, encodeShape(value.dims));
  const type = new Writer();
  type.message(1, tensor);
  const writer = new Writer();
  writer.text(1, value.name);
  writer.message(2, type);
  return writer;
}

function encodeShape(dims: readonly Dim[]): Writer {
  const shape = new Writer();
  for (const dim of dims) {
    const entry = new Writer();
    if (typeof dim === 'number') entry.int(1, dim);
    else entry.text(2, dim);
    shape.message(1, entry);
  }
  return shape;
}

/** Protobuf wire format: chunks are kept apart and joined once, so that large weights are copied once. */
class Writer {
  readonly chunks: Uint8Array[] = [];
  size = 0;

  int(field: number, value: number): void {
    this.#varint(BigInt(field << 3));
    this.#varint(BigInt.asUintN(64, BigInt(value)));
  }

  float(field: number, value: number): void {
    this.#varint(BigInt((field << 3) | 5));
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#push(bytes);
  }

  text(field: number, value: string): void {
    this.bytes(field, Buffer.from(value, 'utf8'));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#varint(BigInt((field << 3) | 2));
    this.#varint(BigInt(value.byteLength));
    this.#push(value);
  }

  message(field: number, value: Writer): void {
    this.#varint(BigInt((field << 3) | 2));
    this.#varint(BigInt(value.size));
    for (const chunk of value.chunks) this.#push(chunk);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.size);
    let offset = 0;
    for (const chunk of this.chunks) {
      out.set(chunk, offset);
      offset += chunk.byteLength;
    }
    return out;
  }

  #varint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    do {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      bytes.push(rest > 0n ? low | 0x80 : low);
    } while (rest > 0n);
    this.#push(Uint8Array.from(bytes));
  }

  #push(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.size += bytes.byteLength;
  }
}
