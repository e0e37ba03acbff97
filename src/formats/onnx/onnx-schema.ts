/**
 * The part of ONNX's `onnx.proto3` that inference models use, as a protobufjs
 * schema. Field numbers are the public format's; names are camel-cased. Not
 * here: training info, sparse tensors, quantisation annotations, functions,
 * sequence and map types (their fields are skipped when reading).
 */
import protobuf from 'protobufjs/light.js';

interface FieldOptions {
  readonly repeated?: boolean;
  readonly packed?: boolean;
}

function field(id: number, type: string, options: FieldOptions = {}): protobuf.IField {
  return {
    id,
    type,
    ...(options.repeated === true || options.packed === true ? { rule: 'repeated' } : {}),
    ...(options.packed === true ? { options: { packed: true } } : {}),
  };
}

const many = (id: number, type: string): protobuf.IField => field(id, type, { repeated: true });
const packed = (id: number, type: string): protobuf.IField => field(id, type, { packed: true });

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field(1, 'int64'),
        producerName: field(2, 'string'),
        producerVersion: field(3, 'string'),
        domain: field(4, 'string'),
        modelVersion: field(5, 'int64'),
        docString: field(6, 'string'),
        graph: field(7, 'GraphProto'),
        opsetImport: many(8, 'OperatorSetIdProto'),
        metadataProps: many(14, 'StringStringEntryProto'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, 'string'), version: field(2, 'int64') } },
    StringStringEntryProto: { fields: { key: field(1, 'string'), value: field(2, 'string') } },
    GraphProto: {
      fields: {
        node: many(1, 'NodeProto'),
        name: field(2, 'string'),
        initializer: many(5, 'TensorProto'),
        docString: field(10, 'string'),
        input: many(11, 'ValueInfoProto'),
        output: many(12, 'ValueInfoProto'),
        valueInfo: many(13, 'ValueInfoProto'),
      },
    },
    NodeProto: {
      fields: {
        input: many(1, 'string'),
        output: many(2, 'string'),
        name: field(3, 'string'),
        opType: field(4, 'string'),
        attribute: many(5, 'AttributeProto'),
        docString: field(6, 'string'),
        domain: field(7, 'string'),
      },
    },
    AttributeProto: {
      fields: {
        name: field(1, 'string'),
        f: field(2, 'float'),
        i: field(3, 'int64'),
        s: field(4, 'bytes'),
        t: field(5, 'TensorProto'),
        g: field(6, 'GraphProto'),
        floats: packed(7, 'float'),
        ints: packed(8, 'int64'),
        strings: many(9, 'bytes'),
        docString: field(13, 'string'),
        type: field(20, 'int32'),
      },
    },
    TensorProto: {
      fields: {
        dims: packed(1, 'int64'),
        dataType: field(2, 'int32'),
        floatData: packed(4, 'float'),
        int32Data: packed(5, 'int32'),
        stringData: many(6, 'bytes'),
        int64Data: packed(7, 'int64'),
        name: field(8, 'string'),
        rawData: field(9, 'bytes'),
        doubleData: packed(10, 'double'),
        uint64Data: packed(11, 'uint64'),
        docString: field(12, 'string'),
        externalData: many(13, 'StringStringEntryProto'),
        dataLocation: field(14, 'int32'),
      },
    },
    ValueInfoProto: {
      fields: { name: field(1, 'string'), type: field(2, 'TypeProto'), docString: field(3, 'string') },
    },
    TypeProto: { fields: { tensorType: field(1, 'TensorTypeProto'), denotation: field(6, 'string') } },
    TensorTypeProto: { fields: { elemType: field(1, 'int32'), shape: field(2, 'TensorShapeProto') } },
    TensorShapeProto: { fields: { dim: many(1, 'DimensionProto') } },
    DimensionProto: {
      oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
      fields: {
        dimValue: field(1, 'int64'),
        dimParam: field(2, 'string'),
        denotation: field(3, 'string'),
      },
    },
  },
});

export const ModelMessage = root.lookupType('ModelProto');

/** `TensorProto.DataType`, by the names NumPy and ONNX Runtime use. */
export const DATA_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

export type DataType = keyof typeof DATA_TYPE;

/** Bytes of one element; strings have no fixed size. */
export const ELEMENT_BYTES: Readonly<Record<Exclude<DataType, 'string'>, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
  bfloat16: 2,
};

/** `AttributeProto.AttributeType`. */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** `TensorProto.DataLocation.EXTERNAL`: the bytes lie in another file. */
export const EXTERNAL_LOCATION = 1;

// The messages as plain objects. Reading fills in every default, so nothing is optional there.

export interface EntryMessage {
  key: string;
  value: string;
}

export interface TensorMessage {
  name: string;
  dims: number[];
  dataType: number;
  rawData?: Uint8Array;
  floatData?: number[];
  int32Data?: number[];
  int64Data?: number[];
  doubleData?: number[];
  externalData?: EntryMessage[];
  dataLocation?: number;
}

export interface AttributeMessage {
  name: string;
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  t?: TensorMessage;
  floats?: number[];
  ints?: number[];
  strings?: Uint8Array[];
}

export interface NodeMessage {
  name: string;
  opType: string;
  domain?: string;
  input: string[];
  output: string[];
  attribute: AttributeMessage[];
}

export interface DimensionMessage {
  dimValue?: number;
  dimParam?: string;
}

export interface ValueInfoMessage {
  name: string;
  docString?: string;
  type?: { tensorType?: { elemType: number; shape?: { dim?: DimensionMessage[] } } };
}

export interface GraphMessage {
  name: string;
  node: NodeMessage[];
  initializer: TensorMessage[];
  input: ValueInfoMessage[];
  output: ValueInfoMessage[];
}

export interface ModelMessageObject {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  docString: string;
  opsetImport: { domain?: string; version: number }[];
  metadataProps: EntryMessage[];
  graph?: GraphMessage;
}
