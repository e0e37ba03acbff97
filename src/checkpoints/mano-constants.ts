/** The user's MANO file as constants of a graph, in float32 and in smplx's layout. */
import { MANO_VERTEX_COUNT } from '../hand/joint-conventions.js';
import {
  MANO_JOINT_COUNT,
  MANO_POSE_FEATURE_COUNT,
  MANO_SHAPE_COUNT,
  type ManoModel,
} from '../hand/mano-layer.js';
import type { Graph } from '../network/graph.js';
import type { ManoWeights } from '../network/layers/mano.js';

export function manoConstants(g: Graph, model: ManoModel): ManoWeights {
  const coordinates = MANO_VERTEX_COUNT * 3;
  return {
    template: g.constant('mano.v_template', model.vTemplate, [MANO_VERTEX_COUNT, 3]),
    shapedirs: g.constant('mano.shapedirs', model.shapedirs, [MANO_VERTEX_COUNT, 3, MANO_SHAPE_COUNT]),
    posedirs: g.constant('mano.posedirs', transposed(model.posedirs, coordinates), [
      MANO_POSE_FEATURE_COUNT,
      coordinates,
    ]),
    regressor: g.constant('mano.J_regressor', model.jRegressor, [MANO_JOINT_COUNT, MANO_VERTEX_COUNT]),
    skinning: g.constant('mano.lbs_weights', model.weights, [MANO_VERTEX_COUNT, MANO_JOINT_COUNT]),
  };
}

/** rows × columns → columns × rows. */
function transposed(values: Float64Array, rows: number): Float64Array {
  const columns = values.length / rows;
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}
