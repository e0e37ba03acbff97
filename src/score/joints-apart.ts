/** How far a model's own joints are from those formed from its meshes: PA-MPJPE between the two. */
import { JOINT_COUNT } from '../hand/joints.js';
import { paMeanPositionError } from '../metrics/index.js';
import type { JointRegressor } from '../predictions/joint-regressor.js';
import type { PredictionSource } from '../predictions/prediction-source.js';
import type { Warning } from '../runs/metrics-document.js';
import type { SampleRow } from './score-pool.js';

/** Beyond this the choice of the joints decides as much as a method does. */
const JOINTS_APART_MM = 0.2;

export class JointsApart {
  readonly #regressor: JointRegressor;
  readonly #scored: boolean;
  /** How far the joints lie apart in each sample; NaN where either hand is not finite. */
  readonly #apartMm: Float64Array;

  private constructor(regressor: JointRegressor, scored: boolean, count: number) {
    this.#regressor = regressor;
    this.#scored = scored;
    this.#apartMm = new Float64Array(count).fill(Number.NaN);
  }

  /**
   * @param scored whether the formed joints are those that are scored.
   * @returns null where there is nothing to compare: joints or meshes are missing, or these are not MANO's.
   */
  static between(source: PredictionSource, regressor: JointRegressor, scored: boolean): JointsApart | null {
    return source.joints === null || !regressor.canForm(source)
      ? null
      : new JointsApart(regressor, scored, source.count);
  }

  /** @param vertices of the samples from `first` on. */
  add(source: PredictionSource, vertices: Float64Array, first: number, count: number): void {
    const formed = this.#regressor.joints(source, vertices, first, count);
    const width = JOINT_COUNT * 3;
    for (let k = 0; k < count; k++) {
      const own = source.joints!.subarray((first + k) * width, (first + k + 1) * width);
      const other = formed.subarray(k * width, (k + 1) * width);
      if (!own.every(Number.isFinite) || !other.every(Number.isFinite)) continue;
      this.#apartMm[first + k] = paMeanPositionError(own, other, 'allowed') * 1000;
    }
  }

  /** @param rows of all samples: the mean is over those that are scored. */
  warnings(rows: readonly SampleRow[]): Warning[] {
    const values = this.#apartMm.filter(
      (value, row) => rows[row]!.state === 'scored' && !Number.isNaN(value),
    );
    const meanMm = values.reduce((sum, value) => sum + value, 0) / values.length;
    return meanMm > JOINTS_APART_MM ? [this.#scored ? this.#ofScored(meanMm) : this.#ofOwn(meanMm)] : [];
  }

  #ofScored(meanMm: number): Warning {
    return {
      code: 'joint-sources-differ',
      message: `the model's own joints and those formed from its meshes as ${this.#regressor.convention} has them are ${meanMm.toFixed(2)} mm apart on average after alignment`,
      remedy: 'name the source of the joints with every figure, and compare figures of one source only',
    };
  }

  #ofOwn(meanMm: number): Warning {
    return {
      code: 'joint-sources-differ',
      message: `the predicted joints, which are scored, are ${meanMm.toFixed(2)} mm from those that MANO's joint regressor gives of the predicted vertices (${this.#regressor.convention}), on average after alignment: either they follow another convention (smplx, ho3d and manopth take fingertips or joints elsewhere), or joints and vertices do not agree`,
      remedy:
        '--joints-from freihand scores the joints of the vertices; name the source of the joints with every figure, and compare figures of one source only',
    };
  }
}
