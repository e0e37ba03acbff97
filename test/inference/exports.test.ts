/** Exports that people use: what is read of each as it is, and with which sidecar. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/formats/onnx/onnx.js';
import { resolveContract, type ModelContract } from '../../src/inference/model/model-contract.js';
import type { ModelIo, TensorInfo } from '../../src/inference/model/model-io.js';
import { openModel } from '../../src/inference/model/model.js';
import type { SidecarContent } from '../../src/inference/model/sidecar.js';
import { predict } from '../../src/inference/predictor.js';
import { sharedFolder } from '../support/cli.js';
import { failure } from '../support/user-error.js';

type Shape = TensorInfo['shape'];
const tensor = (name: string, shape: Shape, type = 'float32'): TensorInfo => ({ name, type, shape });

function exported(input: TensorInfo | readonly TensorInfo[], outputs: Record<string, Shape>): ModelIo {
  return {
    file: '/models/net.onnx',
    inputs: [input].flat(),
    outputs: Object.entries(outputs).map(([name, shape]) => tensor(name, shape)),
  };
}

const read = (model: ModelIo, content?: SidecarContent): ModelContract =>
  resolveContract(model, content === undefined ? null : { file: '/models/net.json', content });

const namesOf = ({ outputs }: ModelContract): (string | undefined)[] =>
  [outputs.joints, outputs.vertices, outputs.camera].map((output) => output?.name);

describe('an export', () => {
  it('with its channels last, B G R, 0 to 255 and a fixed batch', () => {
    const model = exported(tensor('img_patches', [224, 256, 256, 3], 'float16'), {
      global_orient: [224, 1, 3],
      hand_pose: [224, 15, 3],
      betas: [224, 10],
      pred_cam: [224, 3],
      pred_keypoints_3d: [224, 21, 3],
      pred_vertices: [224, 778, 3],
    });
    const { message, next } = failure(() => read(model));
    expect(message).toBe('The image input has its channels last');
    expect(next).toContain('{"layout": "nhwc"}');
    const contract = read(model, { layout: 'nhwc', channels: 'bgr', mean: [0, 0, 0] });
    expect(contract.input).toEqual({
      ...{ name: 'img_patches', dtype: 'float16', batch: 224, size: [256, 256] },
      ...{ layout: 'nhwc', channels: 'bgr' },
    });
    expect(namesOf(contract)).toEqual(['pred_keypoints_3d', 'pred_vertices', 'pred_cam']);
    expect(contract.mano).toBeNull();
  });

  it('of vertices and a camera, by their shapes: a camera without a name is left', () => {
    const model = exported(tensor('images', ['N', 3, 256, 192], 'float16'), {
      '0': ['N', 778, 3],
      '1': ['N', 3],
    });
    const contract = read(model);
    expect(namesOf(contract)).toEqual([undefined, '0', undefined]);
    expect(contract.keypoints_2d).toBeNull();
    expect(namesOf(read(model, { outputs: { vertices: '0', camera: '1' } }))).toEqual([undefined, '0', '1']);
  });

  it('of a camera, joints and vertices, by their shapes', () => {
    const model = exported(tensor('input', ['N', 3, 256, 256]), {
      a: ['N', 3],
      b: ['N', 21, 3],
      c: ['N', 778, 3],
    });
    expect(namesOf(read(model))).toEqual(['b', 'c', undefined]);
    const outputs = { joints: 'b', vertices: 'c', camera: 'a' };
    expect(read(model, { outputs }).keypoints_2d).toEqual({ source: 'camera', focal_length: 5000 });
  });

  it("of MANO's parameters alone", () => {
    const { mano, keypoints_2d, input } = read(
      exported(tensor('img', [1, 3, 256, 256]), {
        global_orient: [1, 1, 3, 3],
        hand_pose: [1, 15, 3, 3],
        betas: [1, 10],
        pred_cam: [1, 3],
      }),
    );
    expect(mano).toMatchObject({ representation: 'matrix' });
    expect([mano!.pose.name, mano!.global_orient!.name, mano!.betas.name]).toEqual([
      'hand_pose',
      'global_orient',
      'betas',
    ]);
    expect(keypoints_2d).toEqual({ source: 'camera', focal_length: 5000 });
    expect(input.batch).toBe(1);
  });

  it("with HaMeR's names beside the parameters; with six inputs it is refused", () => {
    const outputs: Record<string, Shape> = {
      ...{ pred_vertices: ['N', 778, 3], pred_keypoints_3d: ['N', 21, 3], pred_cam: ['N', 3] },
      ...{ global_orient: ['N', 1, 3, 3], hand_pose: ['N', 15, 3, 3], betas: ['N', 10], trans: ['N', 3] },
    };
    const image = tensor('img', ['N', 3, 256, 256]);
    expect(namesOf(read(exported(image, outputs)))).toEqual([
      'pred_keypoints_3d',
      'pred_vertices',
      'pred_cam',
    ]);
    const others = ['box', 'size', 'centre', 'right', 'scale'].map((name) => tensor(name, ['N', 1]));
    expect(failure(() => read(exported([image, ...others], outputs))).code).toBe('model-inputs');
  });

  it('of flat points', () => {
    const model = exported(tensor('img', ['N', 3, 256, 256]), { joints: ['N', 63], vertices: ['N', 2334] });
    expect(namesOf(read(model))).toEqual(['joints', 'vertices', undefined]);
  });
});

describe('a layout', () => {
  const last = exported(tensor('img', ['N', 256, 192, 3]), { joints: ['N', 21, 3] });
  const second = exported(tensor('img', ['N', 3, 256, 192]), { joints: ['N', 21, 3] });
  it('has height before width', () => {
    expect(read(last, { layout: 'nhwc' }).input.size).toEqual([256, 192]);
    expect(read(second, { layout: 'nchw' }).input).toEqual(read(second).input);
  });

  it('that the model contradicts is an error with the line to change', () => {
    const { code, next } = failure(() => read(second, { layout: 'nhwc' }));
    expect([code, next]).toEqual(['sidecar-layout-mismatch', 'take "layout" out of /models/net.json']);
    expect(failure(() => read(last, { layout: 'nchw' })).next).toContain('{"layout": "nhwc"}');
  });
});

describe('what the network sees', () => {
  const folder = sharedFolder();
  const COLOUR = { r: 200, g: 100, b: 50 };

  /** A model whose joints hold the first numbers of its input, in the order in which they lie. */
  function firstNumbers(shape: (number | string)[]): Uint8Array {
    const graph = new GraphBuilder({ name: 'first' });
    const image = graph.input('img', 'float32', shape);
    const flat = graph.node('Reshape', [image, graph.int64('flat', [-1, 3 * 32 * 32])]);
    const places = Array.from({ length: 63 }, (_, index) => (index % 3) * (shape[1] === 3 ? 32 * 32 : 1));
    const taken = graph.node('Gather', [flat, graph.int64('places', places)], {
      axis: { kind: 'int', value: 1 },
    });
    graph.nodeInto('Reshape', [taken, graph.int64('hand', [-1, 21, 3])], ['joints']);
    graph.output('joints', 'float32', ['N', 21, 3]);
    return graph.toBytes();
  }

  it.each<[string, (number | string)[], SidecarContent, number[]]>([
    ['R G B, planes', ['N', 3, 32, 32], {}, [200, 100, 50]],
    ['B G R, planes', ['N', 3, 32, 32], { channels: 'bgr' }, [50, 100, 200]],
    ['R G B, channels last', ['N', 32, 32, 3], { layout: 'nhwc' }, [200, 100, 50]],
    ['B G R, channels last', ['N', 32, 32, 3], { layout: 'nhwc', channels: 'bgr' }, [50, 100, 200]],
  ])('%s', async (name, shape, content, expected) => {
    const { default: sharp } = await import('sharp');
    const image = join(folder, 'colour.png');
    await sharp({ create: { width: 32, height: 32, channels: 3, background: COLOUR } })
      .png()
      .toFile(image);
    const file = join(folder, `${name}.onnx`);
    await writeFile(file, firstNumbers(shape));
    const scale = 1 / 255;
    const sidecar = { ...content, crop: 'whole-image', mean: [0, 0, 0], std: [scale, scale, scale] };
    await writeFile(join(folder, `${name}.json`), JSON.stringify(sidecar));
    const { session, contract } = await openModel({ model: file, provider: 'cpu' });
    const samples = [0, 1].map((id) => ({ id: `${id}`, image, box: null, right: true }));
    const passes = [
      { rotationDegrees: 0, scale: 1 },
      { rotationDegrees: 0, scale: 0.5 },
    ];
    for await (const { joints } of predict({ session, contract, samples, batchSize: 2, passes })) {
      for (let at = 0; at < joints!.length; at += 3)
        expect([...joints!.subarray(at, at + 3)]).toEqual(expected);
    }
    await session.close();
  });
});
