/** Reads ONNX models for inspection: inputs, outputs, nodes, constants, metadata. */
import { UserError } from '../../errors.js';
import {
  ATTRIBUTE_TYPE,
  type AttributeMessage,
  DATA_TYPE,
  type DataType,
  ELEMENT_BYTES,
  EXTERNAL_LOCATION,
  ModelMessage,
  type ModelMessageObject,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './onnx-schema.js';
import {
  type Attribute,
  type Dimension,
  type ExternalData,
  attribute,
  elementCount,
  littleEndianBytes,
} from './onnx-values.js';

/** An input or output of a model. */
export interface OnnxValue {
  readonly name: string;
  /** Absent where the value is not a tensor or its type is none of ours. */
  readonly type: DataType | undefined;
  /** Absent where the model leaves the shape open; −1 for a size without name. */
  readonly dims: readonly Dimension[] | undefined;
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: DataType | undefined;
  readonly dims: readonly number[];
  /** Little-endian, row-major; absent for external or string data. */
  readonly data: Uint8Array | undefined;
  readonly external: ExternalData | undefined;
}

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes of the kinds in `Attribute`; tensors and subgraphs are left out. */
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly producerName: string;
  readonly producerVersion: string;
  readonly doc: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly OnnxTensor[];
  readonly nodes: readonly OnnxNode[];
}

/**
 * Reads a model's bytes.
 *
 * @param file named in errors
 * @throws UserError `onnx-unreadable` where the bytes are not an ONNX model
 */
export function decodeModel(bytes: Uint8Array, file?: string): OnnxModel {
  let model: ModelMessageObject;
  try {
    model = ModelMessage.toObject(ModelMessage.decode(bytes), {
      longs: Number,
      arrays: true,
      defaults: true,
    }) as ModelMessageObject;
  } catch (cause) {
    throw unreadable(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const { graph } = model;
  if (graph === undefined || graph === null) throw unreadable(file, 'a protobuf message without a graph');
  return {
    irVersion: model.irVersion,
    opsets: model.opsetImport.map(({ domain = '', version }) => ({ domain, version })),
    producerName: model.producerName,
    producerVersion: model.producerVersion,
    doc: model.docString,
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    name: graph.name,
    inputs: graph.input.map(readValue),
    outputs: graph.output.map(readValue),
    initializers: graph.initializer.map(readTensor),
    nodes: graph.node.map(readNode),
  };
}

function unreadable(file: string | undefined, got: string, cause?: unknown): UserError {
  return new UserError({
    code: 'onnx-unreadable',
    message: 'This is not an ONNX model',
    ...(file === undefined ? {} : { file }),
    expected: 'a protobuf ModelProto with a graph',
    got,
    next: 'export the network again, or copy the file again if it was cut off',
    cause,
  });
}

const TYPE_NAMES = new Map<number, DataType>(
  (Object.entries(DATA_TYPE) as [DataType, number][]).map(([name, id]) => [id, name]),
);

function readValue(value: ValueInfoMessage): OnnxValue {
  const tensor = value.type?.tensorType;
  const dims = tensor?.shape?.dim?.map((dim): Dimension => {
    if (dim.dimParam !== undefined && dim.dimParam !== '') return dim.dimParam;
    return dim.dimValue ?? -1;
  });
  return { name: value.name, type: tensor ? TYPE_NAMES.get(tensor.elemType) : undefined, dims };
}

function readTensor(tensor: TensorMessage): OnnxTensor {
  const type = TYPE_NAMES.get(tensor.dataType);
  const head = { name: tensor.name, type, dims: tensor.dims };
  if (tensor.dataLocation === EXTERNAL_LOCATION) {
    const entries = new Map(tensor.externalData?.map(({ key, value }) => [key, value]));
    const bytes =
      type === undefined || type === 'string' ? 0 : elementCount(tensor.dims) * ELEMENT_BYTES[type];
    const external = {
      location: entries.get('location') ?? '',
      offset: Number(entries.get('offset') ?? 0),
      length: Number(entries.get('length') ?? bytes),
    };
    return { ...head, data: undefined, external };
  }
  return { ...head, data: tensorBytes(tensor, type), external: undefined };
}

/** Raw bytes, or those of the typed field that older exporters fill instead. */
function tensorBytes(tensor: TensorMessage, type: DataType | undefined): Uint8Array | undefined {
  if (tensor.rawData !== undefined && tensor.rawData.length > 0) return Uint8Array.from(tensor.rawData);
  switch (type) {
    case 'float32':
      return littleEndianBytes(Float32Array.from(tensor.floatData ?? []));
    case 'float64':
      return littleEndianBytes(Float64Array.from(tensor.doubleData ?? []));
    case 'int64':
      return littleEndianBytes(BigInt64Array.from(tensor.int64Data ?? [], (value) => BigInt(value)));
    case 'int32':
      return littleEndianBytes(Int32Array.from(tensor.int32Data ?? []));
    case 'bool':
    case 'uint8':
    case 'int8':
      return Uint8Array.from(tensor.int32Data ?? []);
    case 'uint16':
    case 'int16':
    case 'float16':
    case 'bfloat16':
      return new Uint8Array(Uint16Array.from(tensor.int32Data ?? []).buffer);
    case 'uint32':
    case 'uint64':
    case 'string':
    case undefined:
      return undefined;
  }
}

function readNode(node: NodeMessage): OnnxNode {
  const attributes: Record<string, Attribute> = {};
  for (const attr of node.attribute) {
    const value = readAttribute(attr);
    if (value !== undefined) attributes[attr.name] = value;
  }
  return {
    name: node.name,
    opType: node.opType,
    domain: node.domain ?? '',
    inputs: node.input,
    outputs: node.output,
    attributes,
  };
}

const decoder = new TextDecoder();

function readAttribute(attr: AttributeMessage): Attribute | undefined {
  switch (attr.type) {
    case ATTRIBUTE_TYPE.int:
      return attribute.int(attr.i ?? 0);
    case ATTRIBUTE_TYPE.float:
      return attribute.float(attr.f ?? 0);
    case ATTRIBUTE_TYPE.string:
      return attribute.string(decoder.decode(attr.s));
    case ATTRIBUTE_TYPE.ints:
      return attribute.ints(attr.ints ?? []);
    case ATTRIBUTE_TYPE.floats:
      return attribute.floats(attr.floats ?? []);
    case ATTRIBUTE_TYPE.strings:
      return attribute.strings((attr.strings ?? []).map((bytes) => decoder.decode(bytes)));
    default:
      return undefined;
  }
}
