/** Errors about checkpoints of networks, and their remedies. */
import { appendFile, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cli, FIXTURES } from '../cli.js';
import { MANO, predict, remedies, type Args, type Place } from './remedy.js';

const tiny = (name: string, file: string): string => join(FIXTURES, 'network', name, file);

const build = (...more: string[]): Args => ['model', 'build', ...more];

/** A checkpoint of its own folder. */
async function copied({ folder }: Place, name: string, file = 'model.ckpt'): Promise<string> {
  const checkpoint = join(folder, file);
  await cp(tiny(name, file), checkpoint);
  return checkpoint;
}

export const ofCheckpoints = remedies([
  {
    code: 'network-mano',
    raise: async (place) => build('--checkpoint', await copied(place, 'wilor-tiny', 'model_no_mano.ckpt')),
    next: 'give models/MANO_RIGHT.pkl of the download from https://mano.is.tue.mpg.de with --mano',
    follow: ({ folder }) => build('--checkpoint', join(folder, 'model_no_mano.ckpt'), '--mano', MANO),
  },
  {
    code: 'network-contradiction',
    raise: async (place) =>
      build(
        '--checkpoint',
        await copied(place, 'hamba-tiny'),
        '--config',
        tiny('hamba-tiny-b', 'config.json'),
      ),
    next: 'give the configuration that belongs to this checkpoint with --config',
    follow: ({ folder }) =>
      build('--checkpoint', join(folder, 'model.ckpt'), '--config', tiny('hamba-tiny', 'config.json')),
  },
  {
    code: 'network-option-unknown',
    raise: async (place) => build('--checkpoint', await copied(place, 'hamer-tiny')),
    next: 'or a JSON file such as {"decoder_heads": 8, "decoder_dim_head": 64}',
    follow: async ({ folder }) => {
      const config = join(folder, 'options.json');
      await writeFile(config, '{"decoder_heads": 4, "decoder_dim_head": 16}');
      return build('--checkpoint', join(folder, 'model.ckpt'), '--config', config);
    },
  },
  {
    code: 'network-unknown',
    raise: async ({ folder }) => {
      const file = join(folder, 'other.safetensors');
      const table = JSON.stringify({ weight: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } });
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(table.length));
      await appendFile(file, Buffer.concat([length, Buffer.from(table), Buffer.alloc(4)]));
      return build('--checkpoint', file);
    },
    next: 'or export it to ONNX from its own code',
    follow: (place) => predict(place),
  },
  {
    code: 'model-out-exists',
    raise: async (place) => {
      const checkpoint = await copied(place, 'wilor-tiny');
      await cli([...build('--checkpoint', checkpoint)]);
      return build('--checkpoint', checkpoint);
    },
    next: 'or replace it with --force',
    follow: ({ folder }) => build('--checkpoint', join(folder, 'model.ckpt'), '--force'),
  },
  {
    code: 'model-out-elsewhere',
    raise: async (place) => {
      const other = join(place.folder, 'other');
      await mkdir(other);
      await cp(tiny('wilor-tiny', 'model.ckpt'), join(other, 'model.ckpt'));
      return build('--checkpoint', await copied(place, 'wilor-tiny'), '--out', join(other, 'model.onnx'));
    },
    next: 'copy the weights with --copy',
    follow: ({ folder }) =>
      build(
        '--checkpoint',
        join(folder, 'model.ckpt'),
        '--out',
        join(folder, 'other', 'model.onnx'),
        '--copy',
      ),
  },
  {
    code: 'model-weights-changed',
    raise: async (place) => {
      const checkpoint = await copied(place, 'hamer-tiny');
      await cli([...build('--checkpoint', checkpoint, '--config', tiny('hamer-tiny', 'config.json'))]);
      await appendFile(checkpoint, 'x');
      return predict(place, { model: join(place.folder, 'model.onnx') });
    },
    next: 'put the checkpoint back',
    follow: async (place) => {
      await rm(join(place.folder, 'model.ckpt'));
      await copied(place, 'hamer-tiny');
      return predict(place, { model: join(place.folder, 'model.onnx') });
    },
  },
  {
    code: 'checkpoint-format',
    raise: (place) => build('--checkpoint', place.model),
    next: 'an ONNX file needs no building: give it to run --model',
    follow: (place) => predict(place),
  },
]);
