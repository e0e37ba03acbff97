import { createHash } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { UserError } from '../../src/errors.js';
import { ManoLayer } from '../../src/hand/mano-layer.js';
import { readManoFile } from '../../src/inference/mano/mano-file.js';
import { sharedFolder } from '../support/cli.js';
import {
  build,
  ch,
  csc,
  dict,
  global,
  ndarray,
  newobj,
  pickle,
  rawBytes,
  select,
  shapeOf,
  sparse,
  str2,
} from '../support/tiny-pickle.js';
import { rejection } from '../support/user-error.js';

/** A synthetic model in MANO's layout, written by Python 3; no licensed data. */
const SYNTHETIC = fileURLToPath(new URL('../fixtures/mano/MANO_RIGHT.pkl', import.meta.url));
const FORWARD = JSON.parse(
  readFileSync(new URL('../fixtures/mano/forward.json', import.meta.url), 'utf8'),
) as { pose_rotmat: number[][][][]; betas: number[][]; vertices: number[][][] };

const folder = sharedFolder();

const V = 778;
const TREE = [2 ** 32 - 1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 0, 10, 11, 0, 13, 14];
const IDS = TREE.map((_, joint) => joint);
const ONES = IDS.map(() => 1);

/** Rest joints are the first 16 vertices: the wrist at the origin, the middle finger's base 10 cm along `x`. */
function template(x: number, y: number): Float64Array {
  const points = Float64Array.from({ length: V * 3 }, (_, k) => (k % 7) / 1000);
  points.set([0, 0, 0], 0);
  points.set([x, y, 0], 4 * 3);
  return points;
}

const float64 = (values: Float64Array, ...shape: number[]): Buffer => ndarray('f8', shape, rawBytes(values));

/** All values 0, 1/64, 2/64, … so that each lands where it should. */
const ramp = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i / 64);

/** Equal bit for bit; fast where an assertion on each element is not. */
const same = (a: Float64Array, b: Float64Array): boolean => rawBytes(a).equals(rawBytes(b));

/** A whole file as Python 2 wrote MANO's: byte strings, chumpy selection of shape blend shapes, sparse regressor. */
function python2Mano(changes: Readonly<Record<string, Buffer | null>> = {}): Buffer {
  const idxs: bigint[] = [];
  for (let row = 0; row < V * 3; row++) for (let k = 0; k < 10; k++) idxs.push(BigInt(row * 20 + k));
  const column = Array.from({ length: V + 1 }, (_, j) => Math.min(j, 16));
  const entries: Record<string, Buffer | null> = {
    hands_mean: float64(ramp(45), 45),
    f: ndarray('u4', [1538, 3], rawBytes(Uint32Array.from({ length: 1538 * 3 }, (_, i) => i % V))),
    J_regressor: csc([16, V], new Array<number>(16).fill(1), IDS, column),
    kintree_table: ndarray('u4', [2, 16], rawBytes(Uint32Array.from([...TREE, ...IDS]))),
    weights: float64(ramp(V * 16), V, 16),
    posedirs: float64(ramp(V * 3 * 135), V, 3, 135),
    v_template: float64(template(-0.1, 0.005), V, 3),
    shapedirs: select(
      ch(float64(ramp(V * 3 * 20), V, 3, 20)),
      ndarray('i8', [idxs.length], rawBytes(BigInt64Array.from(idxs))),
      shapeOf([V, 3, 10]),
    ),
    bs_style: str2('lbs'),
    ...changes,
  };
  const parts = Object.entries(entries).flatMap(([key, value]) => (value === null ? [] : [str2(key), value]));
  return pickle(2, dict(...parts));
}

function write(content: Buffer, name = 'MANO_RIGHT.pkl'): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

describe('readManoFile', () => {
  it('reads a file of Python 3', async () => {
    const mano = await readManoFile(SYNTHETIC);
    expect(mano.sha256).toBe(createHash('sha256').update(readFileSync(SYNTHETIC)).digest('hex'));
    expect(mano.faces).toHaveLength(1538 * 3);
    expect(mano.handsMean).toHaveLength(45);
    // The procedural hand does not lie along x at rest.
    expect(mano.side).toBe('undecided');
    const { vertices } = new ManoLayer(mano.model).forward(
      Float64Array.from(FORWARD.pose_rotmat[0]!.flat(2)),
      Float64Array.from(FORWARD.betas[0]!),
    );
    const expected = FORWARD.vertices[0]!.flat();
    expect(Math.max(...vertices.map((value, k) => Math.abs(value - expected[k]!)))).toBeLessThan(1e-12);
  });

  it('reads a file of Python 2 with chumpy and scipy objects', async () => {
    const { model, faces, handsMean, side } = await readManoFile(write(python2Mano()));
    expect(side).toBe('right');
    expect(model.vTemplate).toEqual(template(-0.1, 0.005));
    expect(same(model.posedirs, ramp(V * 3 * 135))).toBe(true);
    expect(same(model.weights, ramp(V * 16))).toBe(true);
    // The first ten of each row of twenty.
    expect(
      same(
        model.shapedirs,
        ramp(V * 3 * 20).filter((_, i) => i % 20 < 10),
      ),
    ).toBe(true);
    const identity = Float64Array.from({ length: 16 * V }, (_, i) => (i % V === Math.floor(i / V) ? 1 : 0));
    expect(same(model.jRegressor, identity)).toBe(true);
    expect([...faces.subarray(777, 780)]).toEqual([777, 0, 1]);
    expect(handsMean).toEqual(ramp(45));
  });

  it.each([
    [
      'csr_matrix of Python 2',
      sparse('scipy.sparse.csr', 'csr_matrix', [16, V], ONES, { indices: IDS, indptr: [...IDS, 16] }),
    ],
    [
      'csr_array',
      sparse('scipy.sparse._csr', 'csr_array', [16, V], ONES, { indices: IDS, indptr: [...IDS, 16] }),
    ],
    [
      'coo_matrix of before',
      sparse('scipy.sparse._coo', 'coo_matrix', [16, V], ONES, { row: IDS, col: IDS }),
    ],
    ['coo_array', sparse('scipy.sparse._coo', 'coo_array', [16, V], ONES, { coords: [IDS, IDS] })],
    [
      'csc_array',
      csc(
        [16, V],
        ONES,
        IDS,
        Array.from({ length: V + 1 }, (_, j) => Math.min(j, 16)),
        'scipy.sparse._csc',
        'csc_array',
      ),
    ],
  ])('reads a regressor that was saved again as a %s', async (_, regressor) => {
    const { model } = await readManoFile(write(python2Mano({ J_regressor: regressor })));
    const identity = Float64Array.from({ length: 16 * V }, (__, i) => (i % V === Math.floor(i / V) ? 1 : 0));
    expect(same(model.jRegressor, identity)).toBe(true);
  });

  it('does without the mean pose, and takes −1 for no parent', async () => {
    const tree = [-1n, ...TREE.slice(1).map(BigInt), ...IDS.map(BigInt)];
    const kintree = ndarray('i8', [2, 16], rawBytes(BigInt64Array.from(tree)));
    const mano = await readManoFile(write(python2Mano({ hands_mean: null, kintree_table: kintree })));
    expect(mano.handsMean).toBeNull();
  });

  it('tells a left hand by its rest pose, whatever its name', async () => {
    const left = write(python2Mano({ v_template: float64(template(0.1, 0.005), V, 3) }));
    expect(await rejection(readManoFile(left))).toMatchObject({
      code: 'mano-left-hand',
      file: left,
      got: 'fingers along +x at rest, as in MANO_LEFT.pkl',
    });
    const renamed = await readManoFile(write(python2Mano(), 'left.pkl'));
    expect(renamed.side).toBe('right');
  });

  it('leaves it open where the rest pose says nothing, whatever the name', async () => {
    const upright = python2Mano({ v_template: float64(template(0, -0.1), V, 3) });
    expect((await readManoFile(write(upright, 'hand.pkl'))).side).toBe('undecided');
    expect((await readManoFile(write(upright, 'MANO_LEFT.pkl'))).side).toBe('undecided');
  });

  const record = build(newobj(global('chumpy.ch_ops', 'add')), dict(str2('a'), str2('b')));

  it.each<[string, Buffer, Partial<UserError>]>([
    ['no posedirs', python2Mano({ posedirs: null }), { code: 'pickle-key-missing', expected: 'posedirs' }],
    [
      'a body model',
      python2Mano({ v_template: float64(ramp(6890 * 3), 6890, 3) }),
      { code: 'pickle-shape', got: 'shape (6890, 3)' },
    ],
    ['an unknown chumpy expression', python2Mano({ shapedirs: record }), { code: 'pickle-type' }],
    [
      'another tree',
      python2Mano({
        kintree_table: ndarray('u4', [2, 16], rawBytes(Uint32Array.from([...TREE.with(4, 3), ...IDS]))),
      }),
      { code: 'mano-kintree', expected: 'joint 4 with parent 0', got: 'joint 4 with parent 3' },
    ],
    [
      'a face beyond the mesh',
      python2Mano({ f: ndarray('u4', [1538, 3], rawBytes(new Uint32Array(1538 * 3).fill(778, 4, 5))) }),
      {
        code: 'mano-faces',
        message: 'Face 1 of the MANO file names a vertex that does not exist',
        got: '778',
      },
    ],
    [
      'NaN',
      python2Mano({ weights: float64(ramp(V * 16).with(5, Number.NaN), V, 16) }),
      { code: 'mano-not-finite', got: 'NaN at element 5' },
    ],
    ['a list', pickle(2, ']'), { code: 'pickle-type', message: 'The MANO file is not a dict' }],
    ['a cut file', python2Mano().subarray(0, 100_000), { code: 'pickle-truncated' }],
    ['an archive', Buffer.from('PK\x03\x04rest'), { code: 'mano-zip', got: 'a zip file' }],
    ['an empty file', Buffer.alloc(0), { code: 'pickle-truncated' }],
  ])('refuses %s and says where the file comes from', async (_, content, expected) => {
    const file = write(content);
    const error = await rejection(readManoFile(file));
    expect(error).toMatchObject({ file, ...expected });
    expect(error.next).toContain('models/MANO_RIGHT.pkl');
    expect(error.next).toContain('https://mano.is.tue.mpg.de');
    expect(error.next).toContain('licence');
  });

  it('says where to get a file that is not there, and that a folder is no file', async () => {
    const missing = await rejection(readManoFile(join(folder, 'nowhere.pkl')));
    expect(missing).toMatchObject({ code: 'file-missing', message: 'The file does not exist' });
    expect(missing.next).toMatch(/^check the path; the file is .*https:\/\/mano\.is\.tue\.mpg\.de/);
    const directory = await rejection(readManoFile(folder));
    expect(directory).toMatchObject({ code: 'file-unreadable' });
    expect(directory.next).toMatch(/^give the path of a file, not of a folder; .*MANO_RIGHT\.pkl/);
  });

  it('does not read gigabytes to find that they are no MANO file', async () => {
    const file = write(Buffer.alloc(0), 'checkpoint.ckpt');
    truncateSync(file, 3e9);
    expect(await rejection(readManoFile(file))).toMatchObject({
      code: 'mano-too-large',
      got: '3000000000 bytes',
    });
  });
});
