import { describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import { batchSizeFor, fetchesOf, resolveContract } from '../../src/inference/model/model-contract.js';
import type { ModelIo, TensorInfo } from '../../src/inference/model/model-io.js';
import { OUTPUT_NAMES } from '../../src/hand/output-names.js';
import { unusualOutputs } from '../../src/inference/model/model-outputs.js';
import type { SidecarContent } from '../../src/inference/model/sidecar.js';
import { failure } from '../support/user-error.js';

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
  const error = failure(() => resolveContract(io, content ? sidecar(content) : null));
  expect(error.file).toBe('/models/net.onnx');
  return error;
}

const J: Shape = ['N', 21, 3];
const V: Shape = ['N', 778, 3];
const K: Shape = ['N', 21, 2];
const C: Shape = ['N', 3];

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

  it.each<[string, Record<string, Shape>, string | null, string | null]>([
    ['HaMeR', { pred_keypoints_3d: J, pred_cam: C, pred_keypoints_2d: K }, 'pred_keypoints_2d', 'pred_cam'],
    ['names in other dress', { joints: J, 'Pred-Camera': C, KP2D: K }, 'KP2D', 'Pred-Camera'],
    ['2D keypoints alone, by shape', { out: K }, 'out', null],
    ['a name of joints with two numbers each', { keypoints: K, joints: J }, 'keypoints', null],
    ['open dimensions under a name', { joints: J, uv: ['N', 'J', 'D'], cam: [] }, 'uv', 'cam'],
    ['three numbers without a name', { joints: J, translation: C }, null, null],
    ['a camera of another shape is none', { joints: J, camera: ['N', 3, 3] }, null, null],
    [
      "HaMeR's names beside others",
      { pred_keypoints_2d: K, uv: K, pred_cam: C, cam: C },
      'pred_keypoints_2d',
      'pred_cam',
    ],
  ])('2D keypoints and camera: %s', (_, outputs, keypoints, camera) => {
    const contract = resolveContract(model(outputs));
    expect(contract.outputs.keypoints_2d?.name ?? null).toBe(keypoints);
    expect(contract.outputs.camera?.name ?? null).toBe(camera);
  });

  it('every listed name is recognised', () => {
    const shapes = { joints: J, vertices: V, keypoints_2d: K, camera: C } as const;
    for (const role of ['joints', 'vertices', 'keypoints_2d', 'camera'] as const) {
      for (const name of OUTPUT_NAMES[role]) {
        // A camera alone is nothing to read.
        const { outputs } = resolveContract(
          model({ [name]: shapes[role], ...(role === 'camera' ? { out: J } : {}) }),
        );
        expect(outputs[role]).toMatchObject({ name, recognised_by: 'name' });
      }
    }
  });

  it('2D keypoints of another shape are refused: they might be taken for joints', () => {
    for (const shape of [J, ['N', 40], ['N', 20, 2]] satisfies Shape[]) {
      const error = refusal(model({ keypoints_2d: shape, pred_vertices: V }));
      expect(error).toMatchObject({ code: 'model-output-shape', expected: '(N, 21, 2)' });
      expect(error.message).toContain('keypoints_2d is named as 2D keypoints but is (N, ');
      expect(error.next).toContain('{"outputs": {"joints": "NAME", "vertices": "pred_vertices"}}');
    }
    const io = model({ keypoints_2d: J, pred_vertices: V });
    const contract = resolveContract(io, sidecar({ outputs: { vertices: 'pred_vertices' } }));
    expect(contract.outputs.keypoints_2d).toBeNull();
  });

  it.each<[Shape, number, boolean]>([
    [['N', 63], 21, false],
    [['N', 1, 21, 3], 21, false],
    [['N', 1, 63], 21, false],
    [[21, 3], 21, true],
    [[1, 21, 3], 21, false],
    [[63], 21, true],
  ])('joints of %j are read, one at a time where there is no N: %i %s', (shape, rows, isOne) => {
    const io = model({ joints: shape });
    for (const given of [null, sidecar({ outputs: { joints: 'joints' } })]) {
      const contract = resolveContract(io, given);
      expect(contract.outputs.joints?.rows).toBe(rows);
      expect(contract.input.batch).toBe(isOne ? 1 : null);
      const { notes } = unusualOutputs(io, contract.outputs);
      expect(notes).toHaveLength(shape.join() === '1,21,3' ? 0 : 1);
      expect(notes.join()).toContain(isOne ? 'one sample at a time' : '');
    }
  });

  it('meshes may be flat as well, and have the vertices they have', () => {
    const { outputs } = resolveContract(model({ verts: ['N', 2334], pred_cam: ['N', 1, 3] }));
    expect(outputs.vertices?.rows).toBe(778);
    expect(outputs.camera?.name).toBe('pred_cam');
  });

  it('without N do not go with a fixed batch of several', () => {
    expect(refusal(model({ joints: [21, 3] }, [4, 3, 256, 256]))).toMatchObject({
      code: 'model-output-shape',
      expected: 'outputs of (4, …)',
    });
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
    ['two shapes of 2D keypoints', { joints: J, a: K, b: K }],
    ['two names of 2D keypoints', { joints: J, uv: K, kp2d: K }],
    ['two cameras', { joints: J, cam: C, camera: C }],
  ])('%s are ambiguous', (_, outputs) => {
    const error = refusal(model(outputs));
    expect(error.code).toBe('model-outputs-ambiguous');
    expect(error.next).toContain('/models/net.json');
  });

  it('the sidecar that settles it names what was found as well: what it leaves out is not used', () => {
    expect(refusal(model({ joints: J, pred_vertices: V, a: K, b: K })).next).toContain(
      '{"outputs": {"joints": "joints", "vertices": "pred_vertices", "keypoints_2d": "a"}}',
    );
  });

  it('a sidecar decides, and what it does not name is not used', () => {
    const io = model({ a: J, b: J, pred_vertices: V, pred_cam: C, k: K });
    const { outputs } = resolveContract(io, sidecar({ outputs: { joints: 'b', keypoints_2d: 'k' } }));
    expect(outputs).toEqual({
      joints: { name: 'b', rows: 21, dtype: 'float32', recognised_by: 'sidecar' },
      vertices: null,
      keypoints_2d: { name: 'k', rows: 21, dtype: 'float32', recognised_by: 'sidecar' },
      camera: null,
    });
  });

  it('a camera alone is nothing to read', () => {
    expect(refusal(model({ pred_cam: C, a: J }), { outputs: { camera: 'pred_cam' } }).code).toBe(
      'model-outputs-unknown',
    );
  });

  it('a sidecar that names what is not there, or cannot be, is refused', () => {
    const io = model({ a: J, pred_vertices: V });
    expect(refusal(io, { outputs: { joints: 'c' } }).code).toBe('sidecar-name-unknown');
    expect(refusal(io, { outputs: { joints: 'pred_vertices' } }).code).toBe('model-output-shape');
    expect(refusal(io, { outputs: { joints: 'a', keypoints_2d: 'a' } })).toMatchObject({
      message: 'The output a cannot hold 2D keypoints',
      expected: '(N, 21, 2)',
    });
    expect(refusal(io, { outputs: { camera: 'a' } }).message).toBe('The output a cannot hold the camera');
  });

  it.each(['float32', 'float16', 'float64'])('%s outputs are read, and the type is told', (type) => {
    const io: ModelIo = { ...model({}), outputs: [tensor('joints', J, type), tensor('cam', C, type)] };
    const { outputs } = resolveContract(io);
    expect([outputs.joints!.dtype, outputs.camera!.dtype]).toEqual([type, type]);
  });

  it('outputs that are no floating point numbers are refused by name', () => {
    const io: ModelIo = { ...model({}), outputs: [tensor('joints', J, 'int64')] };
    expect(refusal(io)).toMatchObject({
      code: 'model-output-type',
      message: 'The joints output joints is int64',
      expected: 'float32, float16 or float64',
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
    expect(contract.input).toEqual({ name: 'img', dtype: 'float32', ...expected });
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

  it('two inputs, none, and float64 are refused; float16 is fed', () => {
    const io = model({ joints: J });
    expect(refusal({ ...io, inputs: [...io.inputs, tensor('camera', ['N', 3, 3])] }).code).toBe(
      'model-inputs',
    );
    expect(refusal({ ...io, inputs: [] }).code).toBe('model-inputs');
    const typed = (type: string): ModelIo => ({ ...io, inputs: [tensor('img', ['N', 3, 256, 256], type)] });
    expect(refusal(typed('float64'))).toMatchObject({
      code: 'model-input-type',
      expected: 'float32 or float16',
    });
    expect(resolveContract(typed('float16')).input.dtype).toBe('float16');
  });

  it('the advice for another size names whole-image', () => {
    expect(refusal(model({ joints: J }, ['N', 3, 224, 224])).next).toContain('{"crop": "whole-image"}');
  });
});

describe('where 2D keypoints come from', () => {
  it.each<[string, Record<string, Shape>, SidecarContent, object | null]>([
    ['an output', { joints: J, kp2d: K, cam: C }, {}, { source: 'model', units: 'crop' }],
    [
      'an output in px',
      { joints: J, kp2d: K },
      { keypoints_2d_units: 'patch' },
      { source: 'model', units: 'patch' },
    ],
    ['the camera', { joints: J, cam: C }, {}, { source: 'camera', focal_length: 5000 }],
    [
      'another camera',
      { joints: J, cam: C },
      { focal_length: 1000 },
      { source: 'camera', focal_length: 1000 },
    ],
    ['a camera without joints', { verts: V, cam: C }, {}, null],
    ['nowhere', { joints: J, verts: V }, {}, null],
  ])('%s', (_, outputs, content, expected) => {
    expect(resolveContract(model(outputs), sidecar(content)).keypoints_2d).toEqual(expected);
  });
});

const HAMER_MANO: Record<string, Shape> = {
  'pred_mano_params.global_orient': ['N', 1, 3, 3],
  'pred_mano_params.hand_pose': ['N', 15, 3, 3],
  'pred_mano_params.betas': ['N', 10],
};

describe('the parameters of MANO', () => {
  it('are used where they are all there is, by HaMeR’s names', () => {
    const contract = resolveContract(model({ ...HAMER_MANO, pred_cam: C }));
    expect(contract.mano).toEqual({
      pose: { name: 'pred_mano_params.hand_pose', dtype: 'float32' },
      global_orient: { name: 'pred_mano_params.global_orient', dtype: 'float32' },
      betas: { name: 'pred_mano_params.betas', dtype: 'float32' },
      representation: 'matrix',
      mean_pose: 'absolute',
      recognised_by: 'name',
    });
    expect(contract.keypoints_2d).toEqual({ source: 'camera', focal_length: 5000 });
    expect(fetchesOf(contract).sort()).toEqual([...Object.keys(HAMER_MANO), 'pred_cam'].sort());
  });

  it.each(['.', '_', '/'])('also written with %s, and with (N, 3, 3)', (separator) => {
    const outputs = Object.fromEntries(
      Object.entries(HAMER_MANO).map(([name, shape]) => [name.replace('.', separator), shape]),
    );
    outputs[`pred_mano_params${separator}global_orient`] = ['N', 3, 3];
    expect(resolveContract(model(outputs)).mano?.betas.name).toBe(`pred_mano_params${separator}betas`);
  });

  it.each<[string, Shape, Shape]>([
    ['matrix', ['N', 1, 3, 3], ['N', 15, 3, 3]],
    ['matrix', ['N', 9], ['N', 135]],
    ['6d', ['N', 1, 6], ['N', 90]],
    ['axis-angle', ['N', 1, 3], ['N', 15, 3]],
  ])('also without the prefix, rotations as %s told by their size', (representation, wrist, fingers) => {
    const io = model({ global_orient: wrist, hand_pose: fingers, betas: ['N', 10], pred_cam: C });
    expect(resolveContract(io).mano).toMatchObject({
      pose: { name: 'hand_pose' },
      representation,
      mean_pose: 'absolute',
      recognised_by: 'name',
    });
  });

  it('without the prefix are not guessed where their size is open or of nothing known', () => {
    for (const fingers of [
      ['N', 'K'],
      ['N', 44],
    ] satisfies Shape[]) {
      const io = model({ global_orient: ['N', 3], hand_pose: fingers, betas: ['N', 10] });
      expect(refusal(io).code).toBe('model-outputs-unknown');
    }
  });

  it('are left alone where the model gives points, unless the sidecar says otherwise', () => {
    const io = model({ ...HAMER_MANO, joints: J, pred_vertices: V, pred_keypoints_2d: K });
    const own = resolveContract(io);
    expect(own.mano).toBeNull();
    expect(fetchesOf(own)).toEqual(['joints', 'pred_vertices', 'pred_keypoints_2d']);
    const formed = resolveContract(io, sidecar({ points_from: 'mano' }));
    expect(formed.mano).not.toBeNull();
    expect([formed.outputs.joints, formed.outputs.vertices]).toEqual([null, null]);
    expect(formed.keypoints_2d).toEqual({ source: 'model', units: 'crop' });
  });

  it('are left alone for 2D keypoints alone, when the sidecar says so', () => {
    const io = model({ ...HAMER_MANO, pred_keypoints_2d: K });
    expect(resolveContract(io).mano).not.toBeNull();
    expect(resolveContract(io, sidecar({ points_from: 'outputs' })).mano).toBeNull();
    expect(refusal(model(HAMER_MANO), { points_from: 'outputs' }).code).toBe('model-outputs-unknown');
  });

  it('need all three outputs', () => {
    const rest = { ...HAMER_MANO };
    delete rest['pred_mano_params.betas'];
    expect(refusal(model(rest)).code).toBe('model-outputs-unknown');
    const error = refusal(model({ ...rest, joints: J }), { points_from: 'mano' });
    expect(error.code).toBe('model-mano-unknown');
    expect(error.next).toContain('/models/net.json');
  });

  it.each<[string, Record<string, Shape>, NonNullable<SidecarContent['mano']>]>([
    ['6D, flat', { t: ['N', 96], b: ['N', 10] }, { pose: 't', betas: 'b', representation: '6d' }],
    ['6D', { t: ['N', 16, 6], b: ['N', 10] }, { pose: 't', betas: 'b', representation: '6d' }],
    ['axis–angle', { t: ['N', 48], b: ['N', 10] }, { pose: 't', betas: 'b', representation: 'axis-angle' }],
    ['matrices', { t: ['N', 16, 3, 3], b: ['N', 10] }, { pose: 't', betas: 'b', representation: 'matrix' }],
    [
      'the wrist apart, relative',
      { g: C, t: ['N', 45], b: ['N', 10] },
      { pose: 't', global_orient: 'g', betas: 'b', representation: 'axis-angle', mean_pose: 'relative' },
    ],
    ['open shapes', { t: ['N', 'P'], b: [] }, { pose: 't', betas: 'b', representation: '6d' }],
  ])('a sidecar names them: %s', (_, outputs, mano) => {
    const contract = resolveContract(model(outputs), sidecar({ mano }));
    expect(contract.mano).toMatchObject({
      representation: mano.representation,
      mean_pose: mano.mean_pose ?? 'absolute',
      recognised_by: 'sidecar',
    });
    expect(contract.mano!.pose.name).toBe('t');
  });

  it('a sidecar’s `outputs` leave them out, its `mano` brings them back', () => {
    const io = model({ ...HAMER_MANO, k: K });
    const outputs = { keypoints_2d: 'k' };
    expect(resolveContract(io, sidecar({ outputs })).mano).toBeNull();
    expect(resolveContract(io, sidecar({ outputs, points_from: 'mano' })).mano).not.toBeNull();
  });

  it.each<[string, Record<string, Shape>, SidecarContent, string]>([
    [
      'a name that is not there',
      { t: ['N', 96] },
      { mano: { pose: 't', betas: 'b', representation: '6d' } },
      'sidecar-name-unknown',
    ],
    [
      'a name that is not there, though the points are the model’s own',
      { joints: J },
      { mano: { pose: 't', betas: 'b', representation: '6d' } },
      'sidecar-name-unknown',
    ],
    [
      'another number of rotations',
      { t: ['N', 90], b: ['N', 10] },
      { mano: { pose: 't', betas: 'b', representation: '6d' } },
      'model-output-shape',
    ],
    [
      'another number of betas',
      { t: ['N', 96], b: ['N', 45] },
      { mano: { pose: 't', betas: 'b', representation: '6d' } },
      'model-output-shape',
    ],
    [
      'matrices relative to a mean',
      { t: ['N', 16, 3, 3], b: ['N', 10] },
      { mano: { pose: 't', betas: 'b', representation: 'matrix', mean_pose: 'relative' } },
      'mano-mean-pose',
    ],
    ['hands of both sides', HAMER_MANO, { handedness: 'both' }, 'mano-handedness'],
    [
      'HaMeR’s names over something else',
      { ...HAMER_MANO, 'pred_mano_params.hand_pose': ['N', 45] },
      {},
      'model-output-shape',
    ],
    ['two of a name', { ...HAMER_MANO, pred_mano_params_betas: ['N', 10] }, {}, 'model-outputs-ambiguous'],
  ])('%s is refused', (_, outputs, content, code) => {
    expect(refusal(model(outputs), content).code).toBe(code);
  });

  it('of no floating point type are refused', () => {
    const io = model(HAMER_MANO);
    const outputs = io.outputs.map((output) => ({ ...output, type: 'int32' }));
    expect(refusal({ ...io, outputs })).toMatchObject({
      code: 'model-output-type',
      message: 'The MANO pose output pred_mano_params.hand_pose is int32',
    });
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
          "dtype": "float32",
          "name": "img",
          "size": [
            256,
            256,
          ],
        },
        "joint_order": "openpose",
        "keypoints_2d": null,
        "mano": null,
        "mean": [
          0.485,
          0.456,
          0.406,
        ],
        "outputs": {
          "camera": null,
          "joints": {
            "dtype": "float32",
            "name": "pred_keypoints_3d",
            "recognised_by": "name",
            "rows": 21,
          },
          "keypoints_2d": null,
          "vertices": {
            "dtype": "float32",
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
