/** @file Builds ONNX graphs node by node. Values are names with an element type; shapes stay symbolic. */
import {
  type Attribute,
  type Dim,
  type ElementType,
  encodeModel,
  type NodeProto,
  type TensorData,
  type ValueProto,
} from './proto.ts';

export interface Value {
  readonly name: string;
  readonly type: ElementType;
}

export interface NodeOptions {
  readonly attributes?: { readonly [name: string]: Attribute };
  readonly domain?: '' | 'com.microsoft';
  /** Element type of the outputs where it is not that of the first input. */
  readonly type?: ElementType;
}

export class GraphBuilder {
  readonly #nodes: NodeProto[] = [];
  readonly #inputs: ValueProto[] = [];
  readonly #outputs: ValueProto[] = [];
  readonly #initializers: { name: string; tensor: TensorData }[] = [];
  readonly #constants = new Map<string, Value>();
  readonly #renamed = new Map<string, string>();
  #next = 0;

  input(name: string, type: ElementType, dims: readonly Dim[]): Value {
    this.#inputs.push({ name, type, dims });
    return { name, type };
  }

  /** A weight held by the session: onnxruntime packs it once for its matrix kernels. */
  initializer(name: string, data: Float32Array, dims: readonly number[]): Value {
    this.#initializers.push({
      name,
      tensor: { type: 'float32', dims, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) },
    });
    return { name, type: 'float32' };
  }

  floats(data: readonly number[], dims: readonly number[] = [data.length]): Value {
    return this.#constant('float32', dims, new Uint8Array(Float32Array.from(data).buffer));
  }

  scalar(value: number): Value {
    return this.floats([value], []);
  }

  /** An int64 vector: shapes, axes, indices. */
  ints(data: readonly number[], dims: readonly number[] = [data.length]): Value {
    return this.#constant('int64', dims, new Uint8Array(BigInt64Array.from(data, BigInt).buffer));
  }

  /** One node with one output. */
  node(op: string, inputs: readonly (Value | null)[], options: NodeOptions = {}): Value {
    return this.nodes(op, inputs, 1, options)[0] as Value;
  }

  /** One node with several outputs. */
  nodes(op: string, inputs: readonly (Value | null)[], outputs: number, options: NodeOptions = {}): Value[] {
    const type = options.type ?? inputs.find((input) => input !== null)?.type ?? 'float32';
    const values = Array.from({ length: outputs }, () => ({ name: `${op}_${this.#next++}`, type }));
    this.#nodes.push({
      op,
      domain: options.domain ?? '',
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: values.map((value) => value.name),
      attributes: options.attributes ?? {},
    });
    return values;
  }

  /**
   * Names a result of the graph. The producing node writes under that name, since an Identity would copy it; a value that has a name
   * already does get an Identity. Without `dims` the shape is left to inference.
   */
  output(name: string, value: Value, dims?: readonly Dim[]): void {
    const source = this.#renamed.has(value.name) ? this.node('Identity', [value]) : value;
    this.#renamed.set(source.name, name);
    this.#outputs.push({ name, type: value.type, dims });
  }

  bytes(): Uint8Array {
    const final = (name: string): string => this.#renamed.get(name) ?? name;
    const nodes = this.#nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(final),
      outputs: node.outputs.map(final),
    }));
    return encodeModel({
      nodes,
      inputs: this.#inputs,
      outputs: this.#outputs,
      initializers: this.#initializers,
    });
  }

  #constant(type: ElementType, dims: readonly number[], bytes: Uint8Array): Value {
    const key = `${type}[${dims.join()}]${Buffer.from(bytes).toString('base64')}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const value: Value = { name: `constant_${this.#constants.size}`, type };
    this.#initializers.push({ name: value.name, tensor: { type, dims, bytes } });
    this.#constants.set(key, value);
    return value;
  }
}
