/** `run` with MANO parameters and `--joints-from`, with the built program and a synthetic MANO file. */
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { JOINT_CONVENTIONS, type JointConvention } from '../../src/hand/joint-conventions.js';
import { gatherFromOpenPose } from '../../src/hand/joints.js';
import { readManoFile } from '../../src/inference/mano/mano-file.js';
import { FREIHAND_PROTOCOL, paMeanPositionError } from '../../src/metrics/index.js';
import type { Manifest } from '../../src/runs/manifest.js';
import type { MetricsDocument } from '../../src/runs/metrics-document.js';
import { cli, errorOf, FIXTURES, sharedFolder, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolder } from '../support/demo-folder.js';
import { writeFreihandFolder } from '../support/freihand-folder.js';
import { largestDifference } from '../support/largest-difference.js';
import { givenModel, type GivenOutput } from '../support/models.js';
import { numbersOf } from '../support/sweeps.js';

const MANO = join(FIXTURES, 'mano', 'MANO_RIGHT.pkl');

interface Golden {
  readonly pose_rotmat: number[][][][];
  readonly betas: number[][];
  readonly vertices: number[][][];
  readonly joints: number[][][];
}

/** Place of each chain joint in OpenPose order: wrist, index, middle, pinky, ring, thumb. */
const OPENPOSE_OF_CHAIN = [0, 5, 6, 7, 9, 10, 11, 17, 18, 19, 13, 14, 15, 1, 2, 3];
/** Where the five fingertips stand in OpenPose order: thumb, index, middle, ring, pinky. */
const TIPS = [4, 8, 12, 16, 20];
const POSE = 1;

let golden: Golden;
let vertices: number[][];
let regressor: Float64Array;
const shared = sharedFolder();
/** A hand by its parameters, by its points, by its mesh alone, and by its mesh and the joints regressed from it. */
let models: { parameters: string; points: string; mesh: string; regressed: string };
/** FreiHAND folder whose true hands are that hand. */
let data: string;

/** The 21 joints, OpenPose order, worked out here: `chain` or regressed ones, and the tips of the convention. */
function jointsOf(convention: JointConvention): number[] {
  const { tips, exactFrom } = JOINT_CONVENTIONS[convention];
  const joints = Array.from({ length: 21 }, (_, k) => golden.joints[POSE]![k]!);
  if (exactFrom === 'vertices') {
    for (const [place, at] of OPENPOSE_OF_CHAIN.entries()) {
      joints[at] = [0, 1, 2].map((axis) =>
        vertices.reduce((sum, point, v) => sum + regressor[place * 778 + v]! * point[axis]!, 0),
      );
    }
  }
  for (const [finger, at] of TIPS.entries()) joints[at] = vertices[tips[finger]!]!;
  return joints.flat();
}

/** MANO's synthetic hand is larger than the check for units expects; that is a warning and no more. */
function run(out: string, model: string, ...more: string[]): Promise<CliResult> {
  const where = more.includes('--data') ? [] : ['--dataset', 'freihand', '--data', data];
  return cli(['run', ...where, '--model', model, '--out', out, '--workers', '1', '--json', ...more]);
}

const documentOf = ({ stdout }: CliResult): MetricsDocument => JSON.parse(stdout) as MetricsDocument;

beforeAll(async () => {
  golden = JSON.parse(await readFile(join(FIXTURES, 'mano', 'forward.json'), 'utf8')) as Golden;
  vertices = golden.vertices[POSE]!;
  regressor = (await readManoFile(MANO)).model.jRegressor;
  const write = async (name: string, outputs: GivenOutput[]): Promise<string> => {
    const file = join(shared, `${name}.onnx`);
    await writeFile(file, givenModel({ outputs, size: [256, 256] }));
    return file;
  };
  models = {
    parameters: await write('parameters', [
      {
        name: 'pred_mano_params.global_orient',
        shape: [1, 3, 3],
        constant: golden.pose_rotmat[POSE]![0]!.flat(),
      },
      {
        name: 'pred_mano_params.hand_pose',
        shape: [15, 3, 3],
        constant: golden.pose_rotmat[POSE]!.slice(1).flat(2),
      },
      { name: 'pred_mano_params.betas', shape: [10], constant: golden.betas[POSE]! },
    ]),
    points: await write('points', [
      { name: 'pred_keypoints_3d', shape: [21, 3], constant: golden.joints[POSE]!.flat() },
      { name: 'pred_vertices', shape: [778, 3], constant: vertices.flat() },
    ]),
    mesh: await write('mesh', [{ name: 'pred_vertices', shape: [778, 3], constant: vertices.flat() }]),
    regressed: await write('regressed', [
      { name: 'pred_keypoints_3d', shape: [21, 3], constant: jointsOf('freihand') },
      { name: 'pred_vertices', shape: [778, 3], constant: vertices.flat() },
    ]),
  };
  data = join(shared, 'data');
  await writeFreihandFolder(data, { images: 2, xyz: 2, verts: 2 });
  await writeFile(join(data, 'evaluation_verts.json'), JSON.stringify([vertices, vertices]));
  await writeTruth('freihand');
});

/** The true joints are those of a convention. */
async function writeTruth(convention: JointConvention, folder = data): Promise<void> {
  const flat = jointsOf(convention);
  const joints = Array.from({ length: 21 }, (_, k) => flat.slice(k * 3, k * 3 + 3));
  await writeFile(join(folder, 'evaluation_xyz.json'), JSON.stringify([joints, joints]));
}

describe('a model that gives MANO parameters', () => {
  it('gives the hand of smplx, and keeps the joints of the chain', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, models.parameters, '--mano', MANO);
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    const manifest = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as Manifest;
    expect(manifest.predictions!.chain_joints).toEqual({
      file: 'predictions/chain_joints.npy',
      dtype: 'float32',
      shape: [2, 16, 3],
      axes: 'opencv',
      units: 'm',
    });
    const joints = golden.joints[POSE]!;
    const expected = {
      joints: joints.flat(),
      vertices: vertices.flat(),
      chain_joints: OPENPOSE_OF_CHAIN.flatMap((at) => joints[at]!),
    };
    for (const [array, row] of Object.entries(expected)) {
      const got = await numbersOf(out, `${array}.npy`);
      expect(largestDifference([...row, ...row], got), array).toBeLessThan(2e-8);
    }
    expect((manifest.configuration.mano as string).length).toBe(64);
  });

  it('asks for the file where it is not named, before it predicts', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, models.parameters);
    expect(result.code).toBe(1);
    expect(errorOf(result).code).toBe('mano-file-needed');
    expect(existsSync(out)).toBe(false);
  });

  it.each(['smplx', 'ho3d', 'manopth'] as const)('gives the joints of %s exactly', async (convention) => {
    const folder = join(await temporaryFolder(), 'data');
    await cp(data, folder, { recursive: true });
    await writeTruth(convention, folder);
    const out = join(await temporaryFolder(), 'run');
    const args = ['--dataset', 'freihand', '--data', folder, '--mano', MANO, '--joints-from', convention];
    const result = await run(out, models.parameters, ...args);
    expect(result.stderr).not.toContain('Error');
    const { metrics, protocol } = documentOf(result);
    expect(protocol).toMatchObject({ jointSource: convention });
    // The joints are scored as they are, from float32: 2e-8 m.
    expect(metrics.mpjpe_mm).toBeLessThan(2e-5);
    // The golden hand, by another convention, is not that.
    expect(
      documentOf(
        await run(join(folder, 'plain'), models.parameters, ...args.slice(2, 6), '--dataset', 'freihand'),
      ).metrics.mpjpe_mm,
    ).toSatisfy((value: number) => (convention === 'smplx' ? value < 2e-5 : value > 0.1));
  });
});

describe('--joints-from freihand', () => {
  it('regresses the joints from the mesh, and says how far the model’s own are from them', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, models.points, '--mano', MANO, '--joints-from', 'freihand');
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    const { metrics, protocol, warnings } = documentOf(result);
    expect(protocol).toMatchObject({ jointSource: 'freihand' });
    expect(metrics.mpjpe_mm).toBeLessThan(2e-5);
    const own = Float64Array.from(golden.joints[POSE]!.flat());
    const formed = Float64Array.from(jointsOf('freihand'));
    const apartMm = 1000 * paMeanPositionError(own, formed, FREIHAND_PROTOCOL.reflection);
    expect(apartMm).toBeGreaterThan(0.2);
    const warning = warnings.find(({ code }) => code === 'joint-sources-differ');
    expect(warning?.message).toContain(`${apartMm.toFixed(2)} mm`);
    const plain = documentOf(await run(join(await temporaryFolder(), 'run'), models.points));
    expect(plain.protocol).toMatchObject({ jointSource: 'model' });
    expect(plain.metrics.mpjpe_mm).toBeGreaterThan(0.2);
    expect(plain.warnings.some(({ code }) => code === 'joint-sources-differ')).toBe(false);
  });

  it('gives a model of meshes alone its joints', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, models.mesh, '--mano', MANO, '--joints-from', 'freihand');
    const { metrics, warnings } = documentOf(result);
    expect(metrics.mpjpe_mm).toBeLessThan(2e-5);
    expect(warnings.some(({ code }) => code === 'joint-sources-differ')).toBe(false);
  });

  it('regresses from fused meshes too', async () => {
    const out = join(await temporaryFolder(), 'run');
    const sweep = ['--rotations=0', '--scales', '0.9,1'];
    const result = await run(out, models.mesh, '--mano', MANO, '--joints-from', 'freihand', ...sweep);
    expect(result.code).toBe(0);
    expect(documentOf(result).tta!['aligned-mean']!.mpjpe_mm).toBeLessThan(2e-5);
  });

  it('needs the matrix of the MANO file', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, models.mesh, '--joints-from', 'freihand');
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'mano-file-needed' });
    expect(existsSync(out)).toBe(false);
  });

  it('stands on the published wrist with HO-3D', async () => {
    const folder = await demoFolder('ho3d-v3');
    const out = join(await temporaryFolder(), 'run');
    const where = ['--dataset', 'ho3d-v3', '--data', folder];
    const result = await run(out, models.points, ...where, '--mano', MANO, '--joints-from', 'freihand');
    expect(result.stderr).not.toContain('Error');
    const { metrics, protocol } = documentOf(result);
    expect(protocol).toMatchObject({ jointSource: 'freihand', rootAlignment: 'published-root' });
    // Worked out here: turned to OpenGL, in HO-3D's order, wrist on wrist.
    const truths = JSON.parse(await readFile(join(folder, 'evaluation_xyz.json'), 'utf8')) as number[][][];
    const hand = jointsOf('freihand').map((value, k) => (k % 3 === 0 ? value : -value));
    const order = gatherFromOpenPose('ho3d');
    const errors = truths.map((truth) => {
      const offset = truth[0]!.map((value, axis) => value - hand[axis]!);
      const distances = order.map((joint, place) =>
        Math.hypot(
          ...[0, 1, 2].map((axis) => hand[joint * 3 + axis]! + offset[axis]! - truth[place]![axis]!),
        ),
      );
      return distances.reduce((sum, distance) => sum + distance, 0) / 21;
    });
    const expected = (1000 * errors.reduce((sum, error) => sum + error, 0)) / errors.length;
    expect(metrics.mpjpe_mm).toBeCloseTo(expected, 3);
  });
});

describe('joints and vertices that are predicted both', () => {
  const DIFFER = 'joint-sources-differ';
  const apartMm = (): number => {
    const [own, regressed] = [golden.joints[POSE]!.flat(), jointsOf('freihand')].map((hand) =>
      Float64Array.from(hand),
    );
    return 1000 * paMeanPositionError(own!, regressed!, FREIHAND_PROTOCOL.reflection);
  };

  /** A run where the configuration names this MANO file. */
  async function configured(mano: string, subject: readonly string[]): Promise<CliResult & { out: string }> {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'hamba-eval'));
    await writeFile(join(folder, 'hamba-eval', 'config.json'), JSON.stringify({ mano }));
    const out = join(folder, 'run');
    const args = ['run', '--dataset', 'freihand', '--data', data, ...subject, '--out', out, '--json'];
    return { ...(await cli(args, { env: { XDG_CONFIG_HOME: folder } })), out };
  }

  it('are compared where --mano names the file, which changes no figure', async () => {
    const folder = await temporaryFolder();
    const [plain, compared] = [join(folder, 'plain'), join(folder, 'compared')];
    const without = documentOf(await run(plain, models.points));
    const result = await run(compared, models.points, '--mano', MANO);
    expect(result.code).toBe(0);
    const { warnings, ...figures } = documentOf(result);
    const warning = warnings.find(({ code }) => code === DIFFER);
    expect(warning!.message).toContain(`${apartMm().toFixed(2)} mm`);
    expect(warning!.remedy).toContain('--joints-from freihand');
    expect({
      ...figures,
      run: plain,
      warnings: warnings.filter((other) => other !== warning),
    }).toEqual(without);
    for (const file of ['per_sample.csv', 'metrics.csv', 'scores.txt', 'predictions/joints.npy']) {
      expect(await readFile(join(compared, file)), file).toEqual(await readFile(join(plain, file)));
    }
    // The same run, with the file or without it.
    expect(documentOf(await run(compared, models.points))).toMatchObject({ reused: true });
    const text = await cli([
      'run',
      '--dataset',
      'freihand',
      '--data',
      data,
      '--model',
      models.points,
      '--out',
      compared,
    ]);
    expect(text.stdout.replace(/\s+/g, ' ')).toContain(
      `${apartMm().toFixed(2)} mm from those that MANO's joint`,
    );
  });

  it('are compared where the configuration names it, whoever predicted them', async () => {
    const first = await configured(MANO, ['--model', models.points]);
    const message = documentOf(first).warnings.find(({ code }) => code === DIFFER)?.message;
    expect(message).toContain(`${apartMm().toFixed(2)} mm`);
    const imported = await configured(MANO, ['--predictions', first.out]);
    expect(documentOf(imported).warnings.find(({ code }) => code === DIFFER)?.message).toBe(message);
  });

  it('that agree are no warning, nor are meshes alone', async () => {
    for (const model of [models.regressed, models.mesh]) {
      const result = await configured(MANO, ['--model', model]);
      expect(result.code).toBe(0);
      expect(documentOf(result).warnings.map(({ code }) => code)).not.toContain(DIFFER);
    }
  });

  it('are scored also where the file of the configuration cannot be used, and a note says so', async () => {
    const missing = join(shared, 'missing.pkl');
    const result = await configured(missing, ['--model', models.points]);
    expect(result.code).toBe(0);
    expect(documentOf(result).warnings.map(({ code }) => code)).not.toContain(DIFFER);
    expect(result.stderr).toContain('The MANO file that the configuration names cannot be used');
    expect(result.stderr).toContain(missing);
    const meshes = await configured(missing, ['--model', models.mesh]);
    expect(meshes.code).toBe(0);
    expect(meshes.stderr).not.toContain('MANO');
  });

  it('need a file that can be used where --mano names one', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, models.points, '--mano', join(shared, 'missing.pkl'));
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'file-missing', file: join(shared, 'missing.pkl') });
    expect(existsSync(out)).toBe(false);
  });
});

describe('--joints-from of a chain', () => {
  it.each(['smplx', 'ho3d', 'manopth'])('%s is refused from vertices alone', async (convention) => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, models.points, '--mano', MANO, '--joints-from', convention);
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'joints-from-unavailable', got: 'vertices alone' });
    expect(errorOf(result).next).toContain('--joints-from freihand');
  });

  it('is refused for fused hands, which have none', async () => {
    const out = join(await temporaryFolder(), 'run');
    const more = ['--mano', MANO, '--joints-from', 'smplx', '--scales', '0.9,1'];
    const result = await run(out, models.parameters, ...more);
    expect(result.code).toBe(1);
    expect(errorOf(result).code).toBe('joints-from-fused');
    expect(existsSync(out)).toBe(false);
  });
});

describe('a MANO file', () => {
  it('is not taken for that of a left hand because of its name', async () => {
    const folder = await temporaryFolder();
    const left = join(folder, 'MANO_LEFT.pkl');
    await cp(MANO, left);
    const out = join(folder, 'run');
    const result = await run(out, models.parameters, '--mano', left);
    // The synthetic rest pose does not tell the side.
    expect(result.code).toBe(0);
  });
});
