/**
 * Seeded random weights for any configuration, about as a network begins its training, so that values stay finite at
 * every depth. Large tensors repeat one block of random numbers: what they cost does not depend on their values.
 */
import { float32ToHalf } from '../formats/npy/half.js';
import type { ExternalData } from '../formats/onnx/onnx.js';
import { TENSOR_BYTES } from '../formats/torch/tensor.js';
import type { WeightPart, Weights } from '../network/weights.js';
import { Random } from '../statistics/random.js';
import { writeParts } from './stored-weights.js';

const ALIGNMENT = 64;
const BLOCK = 1 << 20;

interface Placed {
  readonly part: WeightPart;
  readonly sizes: readonly number[];
  readonly offset: number;
}

export class RandomWeights implements Weights {
  readonly #dataName: string;
  readonly #placed: Placed[] = [];
  #length = 0;

  constructor(dataName: string) {
    this.#dataName = dataName;
  }

  shapeOf(_key: string, wanted: readonly number[]): readonly number[] {
    return wanted;
  }

  place(part: WeightPart, sizes: readonly number[]): ExternalData {
    const offset = Math.ceil(this.#length / ALIGNMENT) * ALIGNMENT;
    const length = part.count * TENSOR_BYTES[part.type];
    this.#length = offset + length;
    this.#placed.push({ part, sizes, offset });
    return { location: this.#dataName, offset, length };
  }

  get copiedBytes(): number {
    return this.#length;
  }

  async writeCopies(path: string, seed: number): Promise<void> {
    const random = new Random(seed);
    const noise = Float32Array.from({ length: BLOCK }, () => random.normal());
    const parts = this.#placed.map(({ part, sizes, offset }) => ({
      offset,
      pieces: () => pieces(part, sizes, noise),
    }));
    await writeParts(path, parts);
  }
}

function* pieces(part: WeightPart, sizes: readonly number[], noise: Float32Array): Generator<Uint8Array> {
  const value = ruleOf(part.key, sizes);
  for (let done = 0; done < part.count; done += BLOCK) {
    const count = Math.min(BLOCK, part.count - done);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = value(part.from + done + i, noise[i]!);
    const out = part.type === 'float16' ? float32ToHalf(values) : values;
    yield new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
  }
}

/** The value of the element `i` of a tensor, from a standard normal number. */
type Rule = (i: number, normal: number) => number;

const IDENTITY_6D = [1, 0, 0, 0, 1, 0];
const CAMERA = [0.9, 0, 0];
const JOINTS = 16;

/** The first that fits decides. */
const RULES: readonly (readonly [RegExp, (sizes: readonly number[]) => Rule])[] = [
  [/init_hand_pose$/, () => (i) => IDENTITY_6D[i % 6]!],
  [/init_cam$/, () => (i) => CAMERA[i % 3]!],
  [/init_betas$/, () => () => 0],
  [/running_var$/, () => (_, normal) => 1 + 0.1 * Math.abs(normal)],
  [/A_logs$/, () => (_, normal) => 0.1 * normal],
  [/Ds$/, () => () => 1],
  [/dt_projs_bias$/, () => (_, normal) => -3 + 0.1 * normal],
  // A hand of random points; each belongs to one joint, and each joint is the middle of its points.
  [/v_template$/, () => (_, normal) => 0.03 * normal],
  [/lbs_weights$/, () => (i) => Number(Math.floor(i / JOINTS) % JOINTS === i % JOINTS)],
  [
    /J_regressor$/,
    ([, vertices = 1]) =>
      (i) =>
        (i % vertices) % JOINTS === Math.floor(i / vertices) ? JOINTS / vertices : 0,
  ],
  [/posedirs$|shapedirs$/, () => (_, normal) => 1e-3 * normal],
  [/norm\d*\.weight$|\.bn\.weight$|outnorm\d+\.weight$/, () => (_, normal) => 1 + 0.02 * normal],
  [/bias$|running_mean$|pos_embed|e_1$/, () => (_, normal) => 0.02 * normal],
];

function ruleOf(key: string, sizes: readonly number[]): Rule {
  const special = RULES.find(([pattern]) => pattern.test(key));
  if (special !== undefined) return special[1](sizes);
  // Sums keep their size: each number is one of as many as its output is the sum of.
  const inputs = key.endsWith('gconv.W')
    ? sizes.at(-1)!
    : sizes.slice(1).reduce((product, size) => product * size, 1);
  const scale = 1 / Math.sqrt(inputs);
  return (_, normal) => scale * normal;
}
