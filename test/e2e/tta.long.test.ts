/** `run --tta` with the built program: sweeps, fusions, kept passes and what is left of them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readNpy } from '../../src/formats/npy/npy.js';
import type { ArrayDescription, Manifest } from '../../src/runs/manifest.js';
import type { MetricsDocument } from '../../src/runs/metrics-document.js';
import { writeBlobs } from '../support/blobs.js';
import { cli, errorOf, sharedFolder, temporaryFolder, type CliResult } from '../support/cli.js';
import { demoFolderCopy } from '../support/demo-folder.js';
import { points, writeFreihandFolder } from '../support/freihand-folder.js';
import { largestDifference } from '../support/largest-difference.js';
import { givenModel } from '../support/models.js';
import { numbersOf, writeBlobFolder, writeMomentModel } from '../support/sweeps.js';

const PRESET_PASSES = 95;
/** Crops turned by a right angle at scale 1 are the same pixels in another place. */
const RIGHT_ANGLES = ['--rotations=-90,0,90', '--scales', '1'];
const POINT_FUSIONS = ['--tta-fusion', 'aligned-mean', '--tta-fusion', 'derotated-mean'];
const BOTH = ['aligned-mean', 'derotated-mean'];

const shared = sharedFolder();
let data: string;
let model: string;
/** A run of the whole preset, every pass kept, scored under all three fusions. */
let preset: { out: string; result: CliResult };

function run(out: string, ...more: string[]): Promise<CliResult> {
  const input = more.includes('--predictions') || more.includes('--model') ? [] : ['--model', model];
  const where = more.includes('--data') ? [] : ['--dataset', 'freihand', '--data', data];
  const workers = more.includes('--workers') ? [] : ['--workers', '1'];
  return cli(['run', ...where, ...input, '--out', out, ...workers, ...more]);
}

async function readJson<T>(run: string, file: string): Promise<T> {
  return JSON.parse(await readFile(join(run, file), 'utf8')) as T;
}
const manifestOf = (run: string): Promise<Manifest> => readJson(run, 'run.json');
const metricsOf = (run: string): Promise<MetricsDocument> => readJson(run, 'metrics.json');

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** A program that may have few files open at a time. */
function withFewFiles(limit: number, args: readonly string[]): Promise<CliResult> {
  const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
  const script = `ulimit -n ${limit} && exec "$0" "$@"`;
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', script, process.execPath, bin, ...args], {
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}

beforeAll(async () => {
  data = join(shared, 'data');
  await writeBlobFolder(data, 2);
  model = await writeMomentModel(join(shared, 'model'));
  const out = join(shared, 'preset');
  const fusions = [...POINT_FUSIONS, '--tta-fusion', 'mean-error'];
  const result = await withFewFiles(256, [
    ...['run', '--dataset', 'freihand', '--data', data, '--model', model, '--out', out],
    ...['--workers', '1', '--tta', 'graphormer', ...fusions],
  ]);
  preset = { out, result };
});

describe('the preset sweep', () => {
  it('finishes where a process may have 256 files open', () => {
    expect(preset.result.stderr).not.toMatch(/EMFILE|Error/);
    expect(preset.result.code).toBe(0);
  });

  it('describes every array in run.json, and each is there as described', async () => {
    const manifest = await manifestOf(preset.out);
    const sets = [
      manifest.predictions!,
      ...Object.values(manifest.fused!).map(({ predictions }) => predictions),
      ...manifest.passes!.map(({ predictions }) => predictions),
    ];
    expect(manifest.passes).toHaveLength(PRESET_PASSES);
    expect(Object.keys(manifest.fused!)).toEqual(BOTH);
    const described = sets.flatMap((set) => Object.entries(set));
    const meaning: Record<string, Partial<ArrayDescription>> = {
      joints: { shape: [2, 21, 3], joint_order: 'openpose', axes: 'opencv', units: 'm' },
      vertices: { shape: [2, 778, 3], axes: 'opencv', units: 'm' },
      keypoints_2d: { shape: [2, 21, 2], joint_order: 'openpose', axes: 'image', units: 'px' },
    };
    for (const [name, description] of described) {
      expect(description, description.file).toMatchObject(meaning[name]!);
      const array = readNpy(await readFile(join(preset.out, description.file)), description.file);
      expect(array.shape, description.file).toEqual(description.shape);
      expect(description.dtype).toBe(description.file.includes('/fused/') ? 'float64' : 'float32');
      expect(array.data, description.file).toBeInstanceOf(
        description.dtype === 'float64' ? Float64Array : Float32Array,
      );
    }
    const arrays = (await filesOf(join(preset.out, 'predictions'))).sort();
    expect(arrays).toEqual(described.map(([, { file }]) => join(preset.out, file)).sort());
  });

  it('keeps the un-augmented pass as pass 0', async () => {
    for (const array of ['joints', 'vertices', 'keypoints_2d']) {
      const [plain, first] = ['predictions', 'predictions/passes/000'].map((set) =>
        readFile(join(preset.out, set, `${array}.npy`)),
      );
      expect(await plain).toEqual(await first);
    }
    const { passes } = await manifestOf(preset.out);
    expect(passes![0]).toMatchObject({ index: 0, rotation_deg: 0, scale: 1 });
    expect(new Set(passes!.map(({ rotation_deg, scale }) => `${rotation_deg} ${scale}`)).size).toBe(95);
  });

  it('gives a model that turns with its crop its un-augmented hand back, to the error of resampling', async () => {
    const plain = await numbersOf(preset.out, 'joints.npy');
    const pass = await numbersOf(preset.out, 'passes/001/joints.npy');
    expect(largestDifference(plain, pass)).toBeGreaterThan(5e-3);
    for (const fusion of BOTH) {
      expect(
        largestDifference(plain, await numbersOf(preset.out, `fused/${fusion}/joints.npy`)),
      ).toBeLessThan(3e-4);
    }
  });

  it('scores each pass and each fusion as it is scored on its own', async () => {
    const folder = await temporaryFolder();
    const [header, ...rows] = (await readFile(join(preset.out, 'tta_passes.csv'), 'utf8')).trim().split('\n');
    const keys = header!.split(',').slice(4);
    const { tta } = await metricsOf(preset.out);
    const alone = async (set: string): Promise<Record<string, unknown>> => {
      const [arrays, out] = ['arrays', 'run'].map((name) => join(folder, name, set)) as [string, string];
      await cp(join(preset.out, 'predictions', set), arrays, { recursive: true });
      await run(out, '--predictions', arrays);
      return { ...(await metricsOf(out)).metrics };
    };
    for (const pass of [0, 1, 47, 94]) {
      const metrics = await alone(`passes/${pass.toString().padStart(3, '0')}`);
      const values = rows[pass]!.split(',').slice(4).map(Number);
      expect(Object.fromEntries(keys.map((key, k) => [key, values[k]]))).toEqual(metrics);
    }
    for (const fusion of BOTH) expect(await alone(`fused/${fusion}`)).toEqual(tta![fusion]);
  });

  it('has the mean of each column of tta_passes.csv as mean-error', async () => {
    const text = await readFile(join(preset.out, 'tta_passes.csv'), 'utf8');
    const [header, ...rows] = text
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    expect(header!.slice(0, 4)).toEqual(['pass', 'name', 'rotation_deg', 'scale']);
    expect(rows).toHaveLength(PRESET_PASSES);
    const { tta, metrics } = await metricsOf(preset.out);
    for (const [column, key] of header!.entries()) {
      if (column < 4) continue;
      const mean = rows.reduce((sum, cells) => sum + Number(cells[column]), 0) / rows.length;
      expect(tta!['mean-error']![key], key).toBeCloseTo(mean, 9);
      expect(Number(rows[0]![column]), key).toBeCloseTo(metrics[key]!, 12);
    }
    expect(Object.keys(tta!['mean-error']!).sort()).toEqual(Object.keys(metrics).sort());
  });

  it('shows the figures with and without it in 80 columns', () => {
    const lines = preset.result.stdout.split('\n');
    const at = lines.findIndex((line) => line.startsWith('augmented, 95 passes'));
    expect(lines.slice(at, at + 5).map((line) => line.slice(0, 16).trim())).toEqual([
      'augmented, 95 pa',
      'none',
      ...BOTH,
      'mean-error',
    ]);
    for (const line of lines.slice(at, at + 5)) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('is pictured with a cell for each pass', async () => {
    const svg = await readFile(join(preset.out, 'tta_heatmap.svg'), 'utf8');
    expect(svg.match(/<rect /g)).toHaveLength(PRESET_PASSES);
  });
});

describe('kept passes', () => {
  it('fused again are what was fused while predicting, to the last bit', async () => {
    const again = join(await temporaryFolder(), 'again');
    const result = await withFewFiles(256, [
      ...['run', '--dataset', 'freihand', '--data', data, '--predictions', preset.out, '--out', again],
      ...['--workers', '1', ...POINT_FUSIONS],
    ]);
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    for (const fusion of BOTH) {
      for (const array of ['joints', 'vertices', 'keypoints_2d']) {
        const file = `predictions/fused/${fusion}/${array}.npy`;
        expect(await readFile(join(again, file)), file).toEqual(await readFile(join(preset.out, file)));
      }
    }
    const [first, second] = [await metricsOf(preset.out), await metricsOf(again)];
    for (const fusion of BOTH) expect(second.tta![fusion]).toEqual(first.tta![fusion]);
    expect(second.metrics).toEqual(first.metrics);
  });

  it('give mean-error without another inference', async () => {
    const folder = await temporaryFolder();
    const swept = join(folder, 'swept');
    await run(swept, ...RIGHT_ANGLES, '--keep-passes');
    expect(Object.keys((await metricsOf(swept)).tta!)).toEqual(['aligned-mean']);
    const again = join(folder, 'again');
    const result = await run(again, '--predictions', swept, '--tta-fusion', 'mean-error');
    expect(result.code).toBe(0);
    expect(Object.keys((await metricsOf(again)).tta!)).toEqual(['mean-error']);
    expect(existsSync(join(again, 'tta_passes.csv'))).toBe(true);
  });

  it('are asked for where there are none', async () => {
    const folder = await temporaryFolder();
    const plain = join(folder, 'plain');
    await run(plain);
    const out = join(folder, 'out');
    const result = await run(out, '--predictions', plain, '--tta-fusion', 'aligned-mean', '--json');
    expect(result.code).toBe(1);
    expect(errorOf(result)).toMatchObject({ code: 'passes-not-kept', file: plain });
    expect(existsSync(out)).toBe(false);
  });

  it('of another number of samples are refused', async () => {
    const folder = await temporaryFolder();
    const swept = join(folder, 'swept');
    await cp(preset.out, swept, { recursive: true });
    const small = await readFile(join(swept, 'predictions/joints.npy'));
    await writeFile(join(swept, 'predictions/passes/007/vertices.npy'), small);
    const out = join(folder, 'out');
    const result = await run(out, '--predictions', swept, '--tta-fusion', 'aligned-mean', '--json');
    expect(result.code).toBe(1);
    expect(errorOf(result).code).toBe('run-array-shape');
    expect(errorOf(result).file).toContain('passes/007/vertices.npy');
    expect(existsSync(out)).toBe(false);
  });
});

describe('a model that turns with its crop', () => {
  it('gives its un-augmented hand under every fusion', async () => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, ...RIGHT_ANGLES, ...POINT_FUSIONS, '--keep-passes');
    expect(result.code).toBe(0);
    const plain = await numbersOf(out, 'joints.npy');
    expect(largestDifference(plain, await numbersOf(out, 'passes/001/joints.npy'))).toBeGreaterThan(5e-3);
    for (const fusion of BOTH) {
      for (const array of ['joints', 'vertices']) {
        const fused = await numbersOf(out, `fused/${fusion}/${array}.npy`);
        expect(
          largestDifference(await numbersOf(out, `${array}.npy`), fused),
          `${fusion} ${array}`,
        ).toBeLessThan(1e-8);
      }
      const keypoints = await numbersOf(out, `fused/${fusion}/keypoints_2d.npy`);
      expect(largestDifference(await numbersOf(out, 'keypoints_2d.npy'), keypoints)).toBeLessThan(1e-4);
    }
  });

  it('does so for left hands', async () => {
    const folder = await demoFolderCopy('hint-newdays');
    const images = join(folder, 'TEST_newdays_img');
    const names = (await readdir(images)).filter((name) => name.endsWith('.jpg')).sort();
    expect(names.some((name) => name.endsWith('_l.jpg'))).toBe(true);
    // Spots in the middle of boxes that lie off the middle of the photograph.
    for (const [seed, name] of names.entries()) {
      const center = [170 + 5 * seed, 190] as const;
      await writeBlobs(join(images, name), { width: 400, height: 360, center, reach: 40, seed });
      const box = [center[0] - 60, center[1] - 60, center[0] + 60, center[1] + 60];
      const keypoints = points(21, 0).map(([x, y]) => [center[0] + 1000 * x, center[1] + 1000 * y]);
      const label = [{ bbox: [box], keypoints, occlusion: new Array(21).fill(0) }];
      await writeFile(join(images, name.replace(/jpg$/, 'json')), JSON.stringify(label));
    }
    const out = join(await temporaryFolder(), 'run');
    const result = await run(
      out,
      ...['--dataset', 'hint-newdays', '--data', folder],
      ...RIGHT_ANGLES,
      ...POINT_FUSIONS,
      '--keep-passes',
    );
    expect(result.stderr).not.toContain('Error');
    expect(result.code).toBe(0);
    const { mirrored } = await manifestOf(out);
    expect(mirrored).toEqual(names.flatMap((name, k) => (name.endsWith('_l.jpg') ? [k] : [])));
    const joints = await numbersOf(out, 'joints.npy');
    const keypoints = await numbersOf(out, 'keypoints_2d.npy');
    for (const fusion of BOTH) {
      expect(
        largestDifference(joints, await numbersOf(out, `fused/${fusion}/joints.npy`)),
        fusion,
      ).toBeLessThan(1e-8);
      const fused = await numbersOf(out, `fused/${fusion}/keypoints_2d.npy`);
      expect(largestDifference(keypoints, fused), fusion).toBeLessThan(1e-4);
    }
    // The spots are where they were painted, whether the network saw them flipped or not.
    for (const k of names.keys()) {
      const mean = [0, 1].map((axis) => {
        const mine = keypoints.subarray(k * 42, k * 42 + 42).filter((_, at) => at % 2 === axis);
        return mine.reduce((sum, value) => sum + value, 0) / 21;
      });
      expect(Math.hypot(mean[0]! - (170 + 5 * k), mean[1]! - 190)).toBeLessThan(25);
    }
    const { tta, metrics } = await metricsOf(out);
    for (const fusion of BOTH) expect(tta![fusion]!.pck_0_1_all).toBe(metrics.pck_0_1_all);
  });
});

describe('the un-augmented result', () => {
  it('is the same bytes with and without a sweep, where a row does not depend on its batch', async () => {
    const folder = await temporaryFolder();
    const [plain, swept] = [join(folder, 'plain'), join(folder, 'swept')];
    await run(plain);
    await run(swept, ...RIGHT_ANGLES);
    for (const file of ['predictions/joints.npy', 'predictions/vertices.npy', 'per_sample.csv']) {
      expect(await readFile(join(swept, file)), file).toEqual(await readFile(join(plain, file)));
    }
    const [a, b] = [await metricsOf(plain), await metricsOf(swept)];
    expect(b.metrics).toEqual(a.metrics);
    expect(a.tta).toBeUndefined();
    expect(Object.keys(b.tta!)).toEqual(['aligned-mean']);
  });

  it('does not depend on the number of threads, nor do the fusions', async () => {
    const folder = await temporaryFolder();
    const [one, three] = [join(folder, 'one'), join(folder, 'three')];
    await run(one, ...RIGHT_ANGLES, ...POINT_FUSIONS);
    await run(three, ...RIGHT_ANGLES, ...POINT_FUSIONS, '--workers', '3');
    const arrays = (await filesOf(join(one, 'predictions'))).map((file) => file.slice(one.length + 1));
    expect(arrays).toHaveLength(9);
    for (const file of [...arrays, 'metrics.json', 'per_sample.csv', 'per_joint.csv', 'pck_curves.csv']) {
      expect(await readFile(join(three, file)), file).toEqual(await readFile(join(one, file)));
    }
  });
});

describe('a pass that fails', () => {
  /** The middle of the second photograph is bright: zoomed in, its crop is brighter than the limit. */
  async function failing(): Promise<{ folder: string; args: string[] }> {
    const folder = await temporaryFolder();
    const root = join(folder, 'data');
    await writeFreihandFolder(root, { images: 3, grey: () => 0, xyz: 3, verts: 3 });
    const spot = { width: 224, height: 224, center: [112, 112], seed: 0 } as const;
    for (const [k, reach] of [10, 38, 10].entries()) {
      await writeBlobs(join(root, 'evaluation/rgb', `0000000${k}.jpg`), { ...spot, reach });
    }
    const file = join(folder, 'model.onnx');
    const outputs = [
      { name: 'joints', shape: [21, 3], constant: points(21, 0).flat() },
      { name: 'vertices', shape: [778, 3], constant: points(778, 0).flat() },
    ];
    await writeFile(file, givenModel({ outputs, size: [64, 64], nanAbove: 0.017 }));
    await writeFile(join(folder, 'model.json'), '{"crop": "hamer", "mean": [0, 0, 0], "std": [1, 1, 1]}');
    const sweep = ['--rotations=0', '--scales', '0.7,1', ...POINT_FUSIONS];
    return { folder, args: ['--dataset', 'freihand', '--data', root, '--model', file, ...sweep] };
  }

  it('makes the fused sample fail, names the pass, and harms nothing else', async () => {
    const { folder, args } = await failing();
    const out = join(folder, 'run');
    const { stderr } = await run(out, ...args, '--keep-passes');
    expect(stderr).toContain('aligned-mean: a pass failed, so it lacks 00000001 (pass 1 (rot0_scale0.7)');
    const { fused, unpredicted } = await manifestOf(out);
    expect(unpredicted).toEqual([]);
    for (const fusion of BOTH) {
      expect(fused![fusion]!.unpredicted).toEqual([
        {
          id: '00000001',
          code: 'tta-pass-failed',
          reason: 'pass 1 (rot0_scale0.7): joints contain NaN',
        },
      ]);
      for (const [array, width] of [
        ['joints', 63],
        ['vertices', 2334],
      ] as const) {
        const values = await numbersOf(out, `fused/${fusion}/${array}.npy`);
        const isNaNAt = [0, 1, 2].map((k) => values.subarray(k * width, (k + 1) * width).map(Number));
        expect(isNaNAt.map((row) => row.every(Number.isNaN))).toEqual([false, true, false]);
        expect(isNaNAt.map((row) => row.some(Number.isNaN))).toEqual([false, true, false]);
      }
    }
    const document = await metricsOf(out);
    expect(document.coverage).toMatchObject({ scored: 3, unscored: 0 });
    for (const fusion of BOTH) {
      expect(Object.values(document.tta![fusion]!).every(Number.isFinite)).toBe(true);
    }
    const again = join(folder, 'again');
    await run(again, ...args.slice(0, 4), '--predictions', out, ...POINT_FUSIONS);
    expect((await manifestOf(again)).fused).toEqual(fused);
  });

  it('leaves no mean-error where a pass has not one scored sample, and says nothing false', async () => {
    const { folder, args } = await failing();
    const ids = join(folder, 'ids.txt');
    await writeFile(ids, '00000001\n');
    const out = join(folder, 'run');
    const result = await run(out, ...args, '--tta-fusion', 'mean-error', '--samples', ids);
    expect(result.stderr).not.toContain('RangeError');
    expect(result.code).not.toBe(70);
    const { tta, metrics } = await metricsOf(out);
    expect(metrics).toHaveProperty('pa_mpjpe_mm');
    expect(tta!['mean-error']).toEqual({});
    expect(tta!['aligned-mean']).toEqual({});
  });
});

describe('a run with a sweep', () => {
  it('is reused, refuses another sweep, and is replaced with --force, and nothing else is', async () => {
    const out = join(await temporaryFolder(), 'run');
    await run(out, ...RIGHT_ANGLES, ...POINT_FUSIONS, '--keep-passes');
    const written = (await stat(join(out, 'run.json'))).mtimeMs;
    // The order of the fusions decides nothing.
    const swapped = ['--tta-fusion', 'derotated-mean', '--tta-fusion', 'aligned-mean'];
    const again = await run(out, ...RIGHT_ANGLES, ...swapped, '--keep-passes', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ reused: true });
    expect((await stat(join(out, 'run.json'))).mtimeMs).toBe(written);

    const other = await run(out, '--rotations=0,90', ...POINT_FUSIONS, '--keep-passes', '--json');
    expect(other.code).toBe(1);
    expect(errorOf(other)).toMatchObject({ code: 'output-other-run' });
    expect(errorOf(other).expected).toContain('rotations');

    const mine = ['predictions/fused/notes.txt', 'predictions/passes/mine/joints.npy', 'notes.md'];
    await mkdir(join(out, 'predictions/passes/mine'));
    for (const file of mine) await writeFile(join(out, file), 'mine');
    expect((await run(out, '--force')).code).toBe(0);
    const left = (await filesOf(out)).map((file) => file.slice(out.length + 1)).sort();
    expect(left.filter((file) => /fused|passes|tta_|notes/.test(file))).toEqual([...mine].sort());
    for (const file of mine) expect(await readFile(join(out, file), 'utf8')).toBe('mine');
  });

  it('stops at Ctrl-C with 130, and the same command completes', async () => {
    const folder = await temporaryFolder();
    const root = join(folder, 'data');
    await writeFreihandFolder(root, { images: 60 });
    const out = join(folder, 'run');
    const args = [
      ...['run', '--dataset', 'freihand', '--data', root, '--model', model, '--out', out],
      ...['--rotations=0,90', '--scales', '0.9,1', '--keep-passes'],
    ];
    await mkdir(out);
    const result = await cli(args, {
      interruptAtFile: join(out, 'predictions/fused/aligned-mean/joints.npy.partial'),
    });
    expect(result.code).toBe(130);
    // Nothing of what is left has the name of a finished array.
    const left = (await filesOf(out)).map((file) => file.slice(out.length + 1));
    expect(left.filter((file) => file.endsWith('.npy'))).toEqual([]);
    expect((await manifestOf(out)).state).toBe('interrupted');
    expect((await cli(args)).code).toBe(0);
    expect((await manifestOf(out)).state).toBe('complete');
    expect((await filesOf(out)).some((file) => file.endsWith('.partial'))).toBe(false);
  });
});

describe('flags', () => {
  it.each([
    [['--tta', 'graphormer', '--scales', '1'], 'tta-flags'],
    [['--rotations=10:90:10'], 'tta-no-reference'],
    [['--scales', '0.7,0.8'], 'tta-no-reference'],
    [['--keep-passes'], 'tta-flags'],
    [['--tta', 'none', '--tta-fusion', 'aligned-mean'], 'tta-flags'],
    [['--rotations=a'], 'tta-rotations'],
  ])('%s end with 2 and leave nothing', async (more, code) => {
    const out = join(await temporaryFolder(), 'run');
    const result = await run(out, ...more, '--json');
    expect(result.code).toBe(2);
    expect(errorOf(result).code).toBe(code);
    expect(existsSync(out)).toBe(false);
  });
});
