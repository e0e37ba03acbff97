import { describe, expect, it } from 'vitest';
import { GraphBuilder, attribute, decodeModel } from '../../src/formats/onnx/onnx.js';
import { InferenceSession, Tensor } from '../../src/inference/session/onnxruntime.js';
import { failure } from '../support/user-error.js';

/** y = softmax over the last axis of (x · W + b), and its two halves. */
function smallModel(): GraphBuilder {
  const graph = new GraphBuilder({
    name: 'small',
    producerName: 'hamba-eval test',
    producerVersion: '1.2',
    doc: 'x W + b',
    metadata: { made: 'by hand', note: 'naïve' },
  });
  graph.input('x', 'float32', ['N', 2]);
  const w = graph.float32('w', [1, 2, 3, 4, 5, 6, 7, 8], [2, 4]);
  const b = graph.float32('b', [0.5, -0.5, 0.25, 0]);
  const sum = graph.node('Add', [graph.node('MatMul', ['x', w]), b], {}, { name: 'y' });
  const sizes = graph.int64('sizes', [1, 3]);
  graph.nodeInto('Split', [sum, sizes], ['first', 'rest'] as const, { axis: attribute.int(-1) });
  graph.output('y', 'float32', ['N', 4]);
  graph.output('first', 'float32', ['N', 1]);
  graph.output('rest', 'float32', ['N', 3]);
  return graph;
}

describe('GraphBuilder', () => {
  it('writes a model that ONNX Runtime runs as computed by hand', async () => {
    const session = await InferenceSession.create(smallModel().toBytes());
    expect(session.inputNames).toEqual(['x']);
    expect(session.outputNames).toEqual(['y', 'first', 'rest']);
    const result = await session.run({ x: new Tensor('float32', [1, 2, -1, 0.5], [2, 2]) });
    // [1 2] W = [1+10, 2+12, 3+14, 4+16]; [−1 ½] W = [−1+2.5, −2+3, −3+3.5, −4+4]
    expect([...(result.y!.data as Float32Array)]).toEqual([11.5, 13.5, 17.25, 20, 2, 0.5, 0.75, 0]);
    expect([...(result.first!.data as Float32Array)]).toEqual([11.5, 2]);
    expect(result.rest!.dims).toEqual([2, 3]);
  });

  it('writes attributes of every kind: a strided convolution with padding', async () => {
    const graph = new GraphBuilder({ name: 'convolution' });
    graph.input('x', 'float32', [1, 1, 3, 3]);
    const kernel = graph.float32('kernel', [1, 1, 1, 1], [1, 1, 2, 2]);
    const attributes = { strides: attribute.ints([2, 2]), pads: attribute.ints([0, 0, 1, 1]) };
    const convolved = graph.node('Conv', ['x', kernel], attributes);
    graph.node('LeakyRelu', [convolved], { alpha: attribute.float(0.25) }, { name: 'y' });
    graph.output('y', 'float32', [1, 1, 2, 2]);
    const session = await InferenceSession.create(graph.toBytes());
    const x = new Tensor('float32', [1, 2, 3, 4, 5, 6, 7, 8, -13], [1, 1, 3, 3]);
    const { y } = await session.run({ x });
    // Windows: 1+2+4+5, 3+6, 7+8, −13 · 0.25
    expect([...(y!.data as Float32Array)]).toEqual([12, 9, 15, -3.25]);
  });

  it('is read back as it was written', () => {
    const model = decodeModel(smallModel().toBytes());
    expect(model).toMatchObject({
      irVersion: 8,
      opsets: [{ domain: '', version: 17 }],
      producerName: 'hamba-eval test',
      producerVersion: '1.2',
      doc: 'x W + b',
      metadata: { made: 'by hand', note: 'naïve' },
      name: 'small',
      inputs: [{ name: 'x', type: 'float32', dims: ['N', 2] }],
    });
    expect(model.outputs.map((value) => value.dims)).toEqual([
      ['N', 4],
      ['N', 1],
      ['N', 3],
    ]);
    expect(model.nodes.map((node) => node.opType)).toEqual(['MatMul', 'Add', 'Split']);
    expect(model.nodes[2]).toMatchObject({
      inputs: ['y', 'sizes'],
      outputs: ['first', 'rest'],
      attributes: { axis: { kind: 'int', value: -1 } },
    });
    const bias = model.initializers.find((tensor) => tensor.name === 'b')!;
    expect(bias).toMatchObject({ type: 'float32', dims: [4], external: undefined });
    expect([...new Float32Array(bias.data!.slice().buffer)]).toEqual([0.5, -0.5, 0.25, 0]);
  });

  it('reads every kind of attribute back', () => {
    const graph = new GraphBuilder({ name: 'kinds', opset: 20, irVersion: 9, domains: { 'com.example': 3 } });
    graph.input('x', 'float16', []);
    const attributes = {
      int: attribute.int(-7),
      zero: attribute.int(0),
      float: attribute.float(0.5),
      string: attribute.string('größer'),
      ints: attribute.ints([0, -1, 2 ** 40]),
      floats: attribute.floats([1.5, -2]),
      strings: attribute.strings(['a', '']),
    };
    graph.node('Anything', ['x', ''], attributes, { domain: 'com.example', name: 'y' });
    const model = decodeModel(graph.toBytes());
    expect(model.nodes[0]!.attributes).toEqual(attributes);
    expect(model.nodes[0]!.inputs).toEqual(['x', '']);
    expect(model.nodes[0]!.domain).toBe('com.example');
    expect(model.opsets).toEqual([
      { domain: '', version: 20 },
      { domain: 'com.example', version: 3 },
    ]);
    expect(model.inputs[0]).toEqual({ name: 'x', type: 'float16', dims: [] });
  });

  it('refers to weights in another file', () => {
    const graph = new GraphBuilder({ name: 'external' });
    const place = { location: 'weights.ckpt', offset: 3 * 2 ** 31, length: 24 };
    graph.external('w', 'float32', [2, 3], place);
    const [tensor] = decodeModel(graph.toBytes()).initializers;
    expect(tensor).toEqual({
      name: 'w',
      type: 'float32',
      dims: [2, 3],
      data: undefined,
      external: place,
    });
  });

  it('refuses misuse with the names and sizes involved', () => {
    const graph = new GraphBuilder({ name: 'misuse' });
    graph.input('x', 'float32', [1]);
    expect(() => graph.node('Relu', ['y'])).toThrow("uses the unknown value 'y'");
    expect(() => graph.float32('x', [1])).toThrow("the value 'x' is defined twice");
    expect(() => graph.float32('w', [1, 2, 3], [2, 2])).toThrow('float32 [2, 2] takes 16 bytes, got 12');
    expect(() => {
      graph.output('z', 'float32', [1]);
    }).toThrow("output 'z' uses the unknown value 'z'");
    graph.node('Relu', ['x'], {}, { name: 'relu' });
    expect(() => graph.nodeInto('Relu', ['x'], ['other'], {}, { name: 'relu' })).toThrow(
      'two nodes are named',
    );
  });
});

describe('decodeModel', () => {
  it.each([
    ['text', new TextEncoder().encode('<html>not found</html>')],
    ['nothing', new Uint8Array()],
    ['a model cut off', smallModel().toBytes().subarray(0, 90)],
  ])('refuses %s and names the file', (_, bytes) => {
    const error = failure(() => decodeModel(bytes, '/models/a.onnx'));
    expect(error).toMatchObject({ code: 'onnx-unreadable', file: '/models/a.onnx' });
  });
});
