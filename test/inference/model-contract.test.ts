import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.js';
import { batchSizeFor, resolveContract } from '../../src/inference/model-contract.js';
import type { ModelIo, TensorInfo } from '../../src/inference/model-io.js';
import { OUTPUT_NAMES } from '../../src/inference/model-outputs.js';
import type { SidecarContent } from '../../src/inference/sidecar.js';

type Shape = TensorInfo['shape'];
const tensor = (name: string, shape: Shape, type = 'float32'): TensorInfo => ({ name, type, shape });

function model(outputs: Record<string, Shape>, input: Shape = ['N', 3, 256, 256]): ModelIo {
  return {
    file: '/models/net.onnx',
    inputs: [tensor('img', input)],
    outputs: Object.entries(outputs).map(([name, shape]) => tensor(name, shape)),
  };
}

const sidecar = (content: SidecarContent) => ({ file: '/models/net.json', content });

function refusal(io: ModelIo, content?: SidecarContent): UserError {
  try {
    resolveContract(io, content ? sidecar(content) : null);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).file).toBe('/models/net.onnx');
    return error as UserError;
  }
  throw new Error('the model was not refused');
}

const J: Shape = ['N', 21, 3];
const V: Shape = ['N', 778, 3];

describe('outputs', () => {
  it.each<[string, Record<string, Shape>, string | null, string | null]>([
    [
      'HaMeR',
      { pred_vertices: V, pred_keypoints_3d: J, pred_cam: ['N', 3] },
      'pred_keypoints_3d',
      'pred_vertices',
    ],
    ['names, dynamic shapes', { joints: ['N', 'J', 'D'], verts: ['N', 'V', 'D'] }, 'joints', 'verts'],
    ['names, unknown shapes', { keypoints3d: [], vertices: [] }, 'keypoints3d', 'vertices'],
    ['names in other dress', { 'Pred-Joints': J, 'Hand.Verts': V }, 'Pred-Joints', 'Hand.Verts'],
    ['another number of vertices', { joints: J, vertices: ['N', 389, 3] }, 'joints', 'vertices'],
    ['shapes alone', { '1042': J, '1187': V, '1200': ['N', 10] }, '1042', '1187'],
    ['joints only', { out: J }, 'out', null],
    ['vertices only', { out: V }, null, 'out'],
    ['a name and a shape', { joints: J, out: V }, 'joints', 'out'],
    ["HaMeR's name beside another name", { pred_keypoints_3d: J, joints: J }, 'pred_keypoints_3d', null],
    ['a name with the wrong shape is no match', { joints: ['N', 21, 2], other: J }, 'other', null],
    ['two of a shape, one with a name', { joints: J, relative: J }, 'joints', null],
  ])('%s', (_, outputs, joints, vertices) => {
    const contract = resolveContract(model(outputs));
    expect(contract.outputs.joints?.name ?? null).toBe(joints);
    expect(contract.outputs.vertices?.name ?? null).toBe(vertices);
  });

  it('every listed name is recognised', () => {
    for (const name of OUTPUT_NAMES.joints) {
      expect(resolveContract(model({ [name]: J })).outputs.joints?.recognised_by).toBe('name');
    }
    for (const name of OUTPUT_NAMES.vertices) {
      expect(resolveContract(model({ [name]: V })).outputs.vertices?.recognised_by).toBe('name');
    }
  });

  it('what is not recognised is listed, with the sidecar that settles it', () => {
    const error = refusal(model({ a: ['N', 63], b: ['N', 778] }));
    expect(error.code).toBe('model-outputs-unknown');
    expect(error.got).toBe(
      'inputs: img float32 (N, 3, 256, 256); outputs: a float32 (N, 63), b float32 (N, 778)',
    );
    expect(error.next).toContain('/models/net.json');
    expect(error.next).toContain('model.json');
  });

  it.each<[string, Record<string, Shape>]>([
    ['two of a shape', { a: J, b: J }],
    ['two of a name', { joints: J, xyz: J }],
  ])('%s are ambiguous', (_, outputs) => {
    const error = refusal(model(outputs));
    expect(error.code).toBe('model-outputs-ambiguous');
    expect(error.next).toContain('/models/net.json');
  });

  it('a sidecar decides, and what it does not name is not used', () => {
    const io = model({ a: J, b: J, pred_vertices: V });
    const { outputs } = resolveContract(io, sidecar({ outputs: { joints: 'b' } }));
    expect(outputs).toEqual({
      joints: { name: 'b', rows: 21, recognised_by: 'sidecar' },
      vertices: null,
    });
  });

  it('a sidecar that names what is not there, or cannot be, is refused', () => {
    const io = model({ a: J, pred_vertices: V });
    expect(refusal(io, { outputs: { joints: 'c' } }).code).toBe('sidecar-name-unknown');
    expect(refusal(io, { outputs: { joints: 'pred_vertices' } }).code).toBe('model-output-shape');
  });

  it('float16 outputs are refused by name', () => {
    const io: ModelIo = { ...model({}), outputs: [tensor('joints', J, 'float16')] };
    expect(refusal(io)).toMatchObject({
      code: 'model-output-type',
      message: 'The joints output joints is float16',
    });
  });
});

describe('the input', () => {
  it.each<[string, Shape, SidecarContent | undefined, object]>([
    ['256 × 256', ['N', 3, 256, 256], undefined, { batch: null, size: [256, 256] }],
    ['256 × 192', [1, 3, 256, 192], undefined, { batch: 1, size: [256, 192] }],
    ['fixed batch', [7, 3, 256, 256], undefined, { batch: 7, size: [256, 256] }],
    [
      'another size with a sidecar',
      ['N', 3, 224, 224],
      { crop: 'whole-image' },
      { batch: null, size: [224, 224] },
    ],
    ['open size with a sidecar', ['N', 3, 'h', 'w'], { size: [256, 192] }, { batch: null, size: [256, 192] }],
    ['unknown shape with a sidecar', [], { size: [256, 256] }, { batch: null, size: [256, 256] }],
    ['open channels', ['N', 'C', 256, 256], undefined, { batch: null, size: [256, 256] }],
  ])('%s', (_, shape, content, expected) => {
    const contract = resolveContract(model({ joints: J }, shape), content ? sidecar(content) : null);
    expect(contract.input).toEqual({ name: 'img', ...expected });
  });

  it.each<[string, Shape, SidecarContent | undefined, string]>([
    ['channels last', ['N', 256, 256, 3], undefined, 'model-input-shape'],
    ['grey', ['N', 1, 256, 256], undefined, 'model-input-shape'],
    ['not an image', ['N', 196608], undefined, 'model-input-shape'],
    ['another size', ['N', 3, 224, 224], undefined, 'model-crop-unknown'],
    ['an open size', ['N', 3, 'h', 'w'], undefined, 'model-input-size-unknown'],
    ['wider than high', ['N', 3, 192, 256], { crop: 'hamer' }, 'model-input-shape'],
    ['an odd margin', ['N', 3, 256, 191], { crop: 'hamer' }, 'model-input-shape'],
    ['a sidecar that contradicts', ['N', 3, 256, 256], { size: [224, 224] }, 'sidecar-size-mismatch'],
    ['an unknown input name', ['N', 3, 256, 256], { input: 'image' }, 'sidecar-name-unknown'],
  ])('%s is refused', (_, shape, content, code) => {
    expect(refusal(model({ joints: J }, shape), content).code).toBe(code);
  });

  it('two inputs, none, and float16 are refused', () => {
    const io = model({ joints: J });
    expect(refusal({ ...io, inputs: [...io.inputs, tensor('camera', ['N', 3, 3])] }).code).toBe(
      'model-inputs',
    );
    expect(refusal({ ...io, inputs: [] }).code).toBe('model-inputs');
    const half = refusal({ ...io, inputs: [tensor('img', ['N', 3, 256, 256], 'float16')] });
    expect(half).toMatchObject({ code: 'model-input-type', expected: 'float32' });
  });

  it('the advice for another size names whole-image', () => {
    expect(refusal(model({ joints: J }, ['N', 3, 224, 224])).next).toContain('{"crop": "whole-image"}');
  });
});

describe('the contract as data', () => {
  it('has the defaults of HaMeR and survives JSON', () => {
    const contract = resolveContract(model({ pred_keypoints_3d: J, pred_vertices: V }));
    expect(JSON.parse(JSON.stringify(contract))).toEqual(contract);
    expect(contract).toMatchInlineSnapshot(`
      {
        "crop": "hamer",
        "handedness": "right",
        "input": {
          "batch": null,
          "name": "img",
          "size": [
            256,
            256,
          ],
        },
        "joint_order": "openpose",
        "mean": [
          0.485,
          0.456,
          0.406,
        ],
        "outputs": {
          "joints": {
            "name": "pred_keypoints_3d",
            "recognised_by": "name",
            "rows": 21,
          },
          "vertices": {
            "name": "pred_vertices",
            "recognised_by": "name",
            "rows": 778,
          },
        },
        "sidecar": null,
        "std": [
          0.229,
          0.224,
          0.225,
        ],
        "units": "m",
      }
    `);
  });

  it('takes the rest from the sidecar', () => {
    const content: SidecarContent = {
      units: 'mm',
      joint_order: 'ho3d',
      handedness: 'both',
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    };
    expect(resolveContract(model({ joints: J }), sidecar(content))).toMatchObject({
      ...content,
      sidecar: 'net.json',
    });
  });

  it('settles the batch size', () => {
    const open = resolveContract(model({ joints: J }));
    const fixed = resolveContract(model({ joints: J }, [7, 3, 256, 256]));
    expect(batchSizeFor(open, undefined)).toBe(4);
    expect(batchSizeFor(open, 16)).toBe(16);
    expect(batchSizeFor(fixed, undefined)).toBe(7);
    expect(batchSizeFor(fixed, 7)).toBe(7);
    expect(() => batchSizeFor(fixed, 4)).toThrow('fixed batch size');
  });
});
