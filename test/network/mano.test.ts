/** The MANO layer as nodes of a graph, in float32, against that of src/hand, in doubles. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { manoConstants } from '../../src/checkpoints/mano-constants.js';
import { jointsFromChain } from '../../src/hand/joint-conventions.js';
import { ManoLayer } from '../../src/hand/mano-layer.js';
import { rotationFromAxisAngle } from '../../src/hand/rotations.js';
import { readManoFile } from '../../src/inference/mano/mano-file.js';
import { openSession } from '../../src/inference/session/session.js';
import { N } from '../../src/network/dimensions.js';
import { Graph } from '../../src/network/graph.js';
import { manoLayer } from '../../src/network/layers/mano.js';
import type { Weights } from '../../src/network/weights.js';
import { Random } from '../../src/statistics/random.js';
import { FIXTURES, temporaryFolder } from '../support/cli.js';

const HANDS = 6;
const ROTATIONS = 16 * 9;
const WIDTH = ROTATIONS + 10;
const NO_WEIGHTS: Weights = {
  shapeOf: () => undefined,
  place: () => {
    throw new Error('the hand model is all there is');
  },
};

it('poses the same hands to a micrometre', async () => {
  const { model } = await readManoFile(join(FIXTURES, 'mano', 'MANO_RIGHT.pkl'));
  const g = new Graph({ name: 'mano', weights: NO_WEIGHTS });
  const hands = g.input('hands', [N, WIDTH]);
  const rotations = g.reshape(g.slice(hands, 1, 0, ROTATIONS), [N, 16, 3, 3]);
  const { vertices, joints } = manoLayer(
    g,
    manoConstants(g, model),
    rotations,
    g.slice(hands, 1, ROTATIONS, WIDTH),
  );
  g.output('vertices', vertices);
  g.output('joints', joints);
  const file = join(await temporaryFolder(), 'mano.onnx');
  await writeFile(file, g.toBytes());

  const random = new Random(5);
  const data = new Float32Array(HANDS * WIDTH);
  for (let at = 0; at < data.length; at++) data[at] = random.normal();
  for (let hand = 0; hand < HANDS; hand++) {
    for (let joint = 0; joint < 16; joint++) {
      const turn = rotationFromAxisAngle([random.normal(), random.normal(), random.normal()]);
      data.set(turn, hand * WIDTH + joint * 9);
    }
  }
  const given = Float64Array.from(data);
  const session = await openSession({ model: file });
  const { outputs } = await session.run({
    input: 'hands',
    dims: [HANDS, WIDTH],
    data,
    fetches: ['vertices', 'joints'],
  });
  await session.close();

  const layer = new ManoLayer(model);
  for (let hand = 0; hand < HANDS; hand++) {
    const row = given.subarray(hand * WIDTH, (hand + 1) * WIDTH);
    const expected = layer.forward(row.slice(0, ROTATIONS), row.slice(ROTATIONS));
    const own = jointsFromChain(expected.vertices, expected.chainJoints, 'smplx');
    expect(furthest(outputs.vertices!.data as Float32Array, hand, expected.vertices)).toBeLessThan(1e-6);
    expect(furthest(outputs.joints!.data as Float32Array, hand, own)).toBeLessThan(1e-6);
  }
});

/** Metres. */
function furthest(values: Float32Array, hand: number, expected: Float64Array): number {
  return expected.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - values[hand * expected.length + at]!)),
    0,
  );
}
