/** Errors about models and photographs, and their remedies. */
import { cp, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { demoFolder } from '../demo-folder.js';
import { points } from '../freihand-folder.js';
import { written, predict, modelOf, spoiltPhotographs, FIELD, MANO, JOINTS, remedies } from './remedy.js';

export const ofModels = remedies([
  {
    code: 'tta-flags',
    raise: (place) => predict(place, { tta: 'graphormer', scales: '1' }),
    next: 'or --rotations and --scales alone',
    follow: (place) => predict(place, { rotations: '0,30', scales: '1' }),
  },
  {
    code: 'tta-no-reference',
    raise: (place) => predict(place, { rotations: '10:30:10' }),
    next: 'add 0 to --rotations',
    follow: (place) => predict(place, { rotations: '0,10,20,30' }),
  },
  {
    code: 'tta-rotations',
    raise: (place) => predict(place, { rotations: 'a' }),
    next: '--rotations=-30,0,30',
    follow: (place) => predict(place, { rotations: '-30,0,30' }),
  },
  {
    code: 'batch-size-fixed',
    raise: async (place) =>
      predict(place, { model: await modelOf(place, { outputs: [JOINTS], batch: 1 }), 'batch-size': '4' }),
    next: 'leave the batch size out',
    follow: (place) => predict(place, { model: join(place.folder, 'model.onnx') }),
  },
  {
    code: 'model-crop-unknown',
    raise: async (place) =>
      predict(place, { model: await modelOf(place, { outputs: [JOINTS], size: [224, 224] }) }),
    next: '{"crop": "whole-image"} or {"crop": "hamer"}',
    follow: async (place) => {
      await writeFile(join(place.folder, 'model.json'), '{"crop": "hamer"}');
      return predict(place, { model: join(place.folder, 'model.onnx') });
    },
  },
  {
    code: 'crop-photograph-size',
    raise: async (place) => {
      const model = await modelOf(place, { outputs: [JOINTS] });
      await writeFile(join(place.folder, 'model.json'), '{"crop": "hamba-freihand"}');
      return predict(place, { model, dataset: 'ho3d-v2', data: await demoFolder('ho3d-v2') });
    },
    next: 'write "crop": "hamer" into model.json',
    follow: async (place) => {
      await writeFile(join(place.folder, 'model.json'), '{"crop": "hamer"}');
      const model = join(place.folder, 'model.onnx');
      return predict(place, { model, dataset: 'ho3d-v2', data: await demoFolder('ho3d-v2') });
    },
  },
  {
    code: 'boxes-unused',
    raise: async (place) => {
      const model = await modelOf(place, { outputs: [JOINTS] });
      await writeFile(join(place.folder, 'model.json'), '{"crop": "whole-image"}');
      return predict(place, { model, boxes: 'truth' });
    },
    next: 'leave --boxes out',
    follow: (place) => predict(place, { model: join(place.folder, 'model.onnx') }),
  },
  {
    code: 'boxes-no-truth',
    raise: async (place) =>
      predict(place, { dataset: 'hint-visor', data: await demoFolder('hint-visor'), boxes: 'truth' }),
    next: 'or give --boxes annotations',
    follow: (place) => predict(place, { boxes: 'image' }),
  },
  {
    code: 'model-outputs-ambiguous',
    raise: async (place) => {
      const outputs = ['first', 'second'].map((name) => ({ ...JOINTS, name }));
      return predict(place, { model: await modelOf(place, { outputs }) });
    },
    next: '{"outputs": {"joints": "first"}}',
    follow: async (place) => {
      await writeFile(join(place.folder, 'model.json'), '{"outputs": {"joints": "first"}}');
      return predict(place, { model: join(place.folder, 'model.onnx') });
    },
  },
  {
    code: 'model-without-hand',
    raise: async (place) => {
      const name = 'pred_keypoints_2d';
      const outputs = [{ name, shape: [21, 2], constant: new Float32Array(42) }];
      return predict(place, { model: await modelOf(place, { outputs }) });
    },
    next: 'export the model with one of them',
    follow: (place) => predict(place),
  },
  {
    code: 'model-not-onnx',
    raise: async (place) =>
      predict(place, { model: await written(join(place.folder, 'model.onnx'), 'no model') }),
    next: 'copy or export it again',
    follow: async (place) => predict(place, { model: await modelOf(place, { outputs: [JOINTS] }) }),
  },
  {
    code: 'provider-device',
    raise: (place) => predict(place, { device: '0' }),
    next: 'leave the device out',
    follow: (place) => predict(place),
  },
  {
    code: 'image-format',
    raise: async (place) =>
      predict(place, { data: await spoiltPhotographs(place, (file) => writeFile(file, 'no picture')) }),
    next: 'replace the file by the photograph, as JPEG or PNG',
    follow: async (place) => {
      await cp(place.photographs, join(place.folder, 'data'), { recursive: true });
      return predict(place, { data: join(place.folder, 'data') });
    },
  },
  {
    code: 'image-damaged',
    raise: async (place) =>
      predict(place, { data: await spoiltPhotographs(place, (file) => truncate(file, 1500)) }),
    next: 'copy or download the file again',
    follow: async (place) => {
      await cp(place.photographs, join(place.folder, 'data'), { recursive: true });
      return predict(place, { data: join(place.folder, 'data') });
    },
  },
  {
    code: 'model-run-failed',
    raise: (place) => predict(place, { model: join(FIELD, '06-batch-baked-into-reshape', 'hand.onnx') }),
    next: 'add --batch-size 1',
    follow: (place) =>
      predict(place, {
        model: join(FIELD, '06-batch-baked-into-reshape', 'hand.onnx'),
        'batch-size': '1',
      }),
  },
  {
    code: 'sidecar-pixel-scale',
    raise: async (place) => {
      const sidecar = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };
      await writeFile(join(place.folder, 'model.json'), JSON.stringify(sidecar));
      return predict(place, { model: await modelOf(place, { outputs: [JOINTS] }) });
    },
    next: '"mean": [0.485,0.456,0.406], "std": [0.229,0.224,0.225]',
    follow: async (place) => {
      const sidecar = '{"mean": [0.485,0.456,0.406], "std": [0.229,0.224,0.225]}';
      await writeFile(join(place.folder, 'model.json'), sidecar);
      return predict(place, { model: join(place.folder, 'model.onnx') });
    },
  },
  {
    code: 'joints-from-fused',
    raise: async (place) => {
      const vertices = { name: 'vertices', shape: [778, 3], constant: points(778, 0).flat() };
      const model = await modelOf(place, { outputs: [JOINTS, vertices] });
      return predict(place, { model, mano: MANO, 'joints-from': 'smplx', scales: '0.9,1' });
    },
    next: 'take one of them',
    follow: (place) =>
      predict(place, {
        ...{ model: join(place.folder, 'model.onnx'), mano: MANO },
        ...{ 'joints-from': 'freihand', scales: '0.9,1' },
      }),
  },
]);
