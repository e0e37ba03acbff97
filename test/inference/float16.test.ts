import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { float32ToHalf, halfToFloat32 } from '../../src/formats/npy/half.js';
import { openModel } from '../../src/inference/model/model.js';
import { predict } from '../../src/inference/predictor.js';
import { sharedFolder } from '../support/cli.js';
import { ELEMENT, floats, integers, node, onnx, type Element } from '../support/tiny-onnx.js';

const folder = sharedFolder();
/** Joints are the first pixel's R, G, B plus a third; input and output in the types given. */
function firstPixelModel(input: Element, output: Element): Uint8Array {
  return onnx({
    nodes: [
      node('Cast', ['img'], ['single'], { to: ELEMENT.float32 }),
      node('Slice', ['single', 'from', 'to', 'axes'], ['pixel']),
      node('Reshape', ['pixel', 'row_shape'], ['colour']),
      node('Add', ['colour', 'third'], ['rows']),
      node('Cast', ['rows'], ['joints'], { to: ELEMENT[output] }),
    ],
    initializers: [
      integers('from', [0, 0]),
      integers('to', [1, 1]),
      integers('axes', [2, 3]),
      integers('row_shape', [-1, 1, 3]),
      floats('third', [1, 21, 3], new Float32Array(63).fill(1 / 3)),
    ],
    inputs: [{ name: 'img', shape: ['N', 3, 256, 256], type: input }],
    outputs: [{ name: 'joints', shape: ['N', 21, 3], type: output }],
  });
}

const rounded = (value: number): number => halfToFloat32(float32ToHalf(Float32Array.of(value)))[0]!;

it.each([
  ['float16', 'float16'],
  ['float16', 'float32'],
  ['float32', 'float16'],
  ['float32', 'float64'],
] as const)('a model of %s → %s is fed and read to the bit', async (input, output) => {
  const file = join(folder, `${input}-${output}.onnx`);
  await writeFile(file, firstPixelModel(input, output));
  const image = join(folder, 'grey.png');
  await sharp(new Uint8Array(256 * 256 * 3).fill(77), { raw: { width: 256, height: 256, channels: 3 } })
    .png()
    .toFile(image);
  const { session, contract } = await openModel({ model: file, intraOpThreads: 1 });
  try {
    expect([contract.input.dtype, contract.outputs.joints!.dtype]).toEqual([input, output]);
    const samples = [{ id: 'a', image, box: null, right: true }];
    const batches = [];
    for await (const batch of predict({ session, contract, samples })) batches.push(batch);
    const joints = batches[0]!.joints!;
    const normalised = [
      [0.485, 0.229],
      [0.456, 0.224],
      [0.406, 0.225],
    ].map(([mean, std]) => {
      const [offset, divisor] = [Math.fround(255 * mean!), Math.fround(255 * std!)];
      return Math.fround(Math.fround(77 - offset) / divisor);
    });
    const expected = normalised.map((value) => {
      const fed = input === 'float16' ? rounded(value) : value;
      const sum = Math.fround(fed + Math.fround(1 / 3));
      return output === 'float16' ? rounded(sum) : sum;
    });
    expect([...joints.slice(0, 3)]).toEqual(expected);
    expect([...joints.slice(60, 63)]).toEqual(expected);
  } finally {
    await session.close();
  }
});
