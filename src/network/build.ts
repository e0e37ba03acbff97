/** A network as an ONNX graph: its input, the outputs that `run` knows, and on demand what lies between them. */
import { UserError } from '../errors.js';
import { HAMER_MANO_NAME, HAMER_NAME } from '../hand/output-names.js';
import type { Architecture } from './architectures/architecture.js';
import type { Fields } from './architectures/options.js';
import { N } from './dimensions.js';
import { Graph, type GraphSettings, type Value } from './graph.js';
import type { Hand } from './hand.js';
import type { ManoWeights } from './layers/mano.js';
import type { WeightProblem } from './weights.js';

const CROP = 256;

export interface NetworkSettings extends Omit<GraphSettings, 'name'> {
  readonly architecture: Architecture;
  readonly fields: Fields;
  /** MANO's arrays; from the checkpoint's own `mano.*` unless given. */
  readonly mano?: (g: Graph) => ManoWeights;
  /** Whether intermediate values leave the graph too. */
  readonly intermediates?: boolean;
}

/** @throws UserError `network-tensors` where the checkpoint lacks tensors or has others */
export function buildNetwork(settings: NetworkSettings): Graph {
  const { architecture, fields, mano = checkpointMano, intermediates = false } = settings;
  const g = new Graph({ ...settings, name: architecture.id });
  const image = g.input('img', [N, 3, CROP, CROP]);
  const hand = architecture.build(g, image, fields, mano(g));
  if (g.problems.length > 0) throw wrongTensors(g.problems, architecture);
  outputHand(g, hand);
  if (intermediates) {
    noteHand(g, hand);
    g.outputNotes();
  }
  return g;
}

/** `mano.*` of a checkpoint, as smplx names it. */
function checkpointMano(g: Graph): ManoWeights {
  return {
    template: g.weight('mano.v_template', [778, 3]),
    shapedirs: g.weight('mano.shapedirs', [778, 3, 10]),
    posedirs: g.weight('mano.posedirs', [135, 2334]),
    regressor: g.weight('mano.J_regressor', [16, 778]),
    skinning: g.weight('mano.lbs_weights', [778, 16]),
  };
}

function outputHand(g: Graph, hand: Hand): void {
  g.output(HAMER_NAME.joints, hand.joints);
  g.output(HAMER_NAME.vertices, hand.vertices);
  g.output(HAMER_NAME.keypoints_2d, hand.keypoints);
  g.output(HAMER_NAME.camera, hand.camera);
  g.output('pred_cam_t', hand.translation);
  g.output(HAMER_MANO_NAME.global_orient, rotations(g, hand, 0, 1));
  g.output(HAMER_MANO_NAME.pose, rotations(g, hand, 1, 16));
  g.output(HAMER_MANO_NAME.betas, hand.betas);
}

function rotations(g: Graph, hand: Hand, from: number, to: number): Value {
  return g.slice(hand.rotations, 1, from, to);
}

function noteHand(g: Graph, hand: Hand): void {
  g.note('pose', hand.pose);
  g.note('rotmats', hand.rotations);
  g.note('betas', hand.betas);
  g.note('cam', hand.camera);
  g.note('cam_t', hand.translation);
  g.note('vertices', hand.vertices);
  g.note('joints', hand.joints);
  g.note('joints2d', hand.keypoints);
}

const SHOWN = 5;

function wrongTensors(problems: readonly WeightProblem[], { title }: Architecture): UserError {
  const shape = (sizes: readonly number[]): string => `(${sizes.join(', ')})`;
  const list = (text: (problem: WeightProblem) => string): string => {
    const shown = problems.slice(0, SHOWN).map(text).join('; ');
    return problems.length > SHOWN ? `${shown}; and ${problems.length - SHOWN} more` : shown;
  };
  return new UserError({
    code: 'network-tensors',
    message: `The checkpoint lacks tensors of ${title}, or has them in other sizes`,
    expected: list(({ key, expected }) => `${key} ${shape(expected)}`),
    got: list(({ key, got }) => (got === undefined ? `no ${key}` : `${key} ${shape(got)}`)),
    next: problems.every(({ key }) => key.startsWith('mano.'))
      ? 'give your MANO_RIGHT.pkl with --mano: this checkpoint was saved without the hand model'
      : "compare with 'hamba-eval model inspect'; a configuration with --config settles what tensors do not show",
  });
}
