/**
 * The model contract: what a model is fed and how its outputs are read
 * (docs/model-contract.md). Resolved once from the inputs and outputs the
 * ONNX file declares and the sidecar beside it; the result stands in run.json as it is.
 */
import { basename } from 'node:path';
import { UserError } from '../../errors.js';
import { MANO_VERTEX_COUNT } from '../../hand/joint-conventions.js';
import type { JointOrder } from '../../hand/joints.js';
import { HAMER_FOCAL_LENGTH } from '../../hand/projection.js';
import { IMAGENET_MEAN, IMAGENET_STD, type ChannelValues } from '../../imaging/normalise.js';
import type { CropKind } from '../crops/crop-kinds.js';
import { recogniseMano, type ManoBinding } from '../mano/mano-outputs.js';
import { contractError, sidecarAdvice, type ModelIo, type TensorInfo } from './model-io.js';
import { recogniseOutputs, unusualOutputs, type OutputBindings } from './model-outputs.js';
import type { Sidecar, SidecarContent } from './sidecar.js';

/**
 * `model`: an output of its own, in crop coordinates (−0.5…0.5 from edge to edge) or px of the square
 * patch. `camera`: the model's joints seen by the model's camera; f in px of a crop of 256 px.
 */
export type KeypointOrigin =
  | { readonly source: 'model'; readonly units: 'crop' | 'patch' }
  | { readonly source: 'camera'; readonly focal_length: number };

/** How to feed a model and read it; plain JSON data. */
export interface ModelContract {
  readonly input: {
    readonly name: string;
    /** The normalised image is float32; a float16 model is fed its nearest halves. */
    readonly dtype: 'float32' | 'float16';
    /** The batch the model is fixed to; null where it takes any. */
    readonly batch: number | null;
    /**
     * [height, width], px. The crop is height × height; a narrower input sees its middle columns
     * (256 × 192: columns 32…223).
     */
    readonly size: readonly [number, number];
    /** Present where the channels are the last axis; else they are the second. */
    readonly layout?: 'nhwc';
    /** Present where they are B, G, R; else they are R, G, B. */
    readonly channels?: 'bgr';
  };
  /** The outputs that are read. */
  readonly outputs: OutputBindings;
  /** Where joints and vertices are formed from MANO's parameters: these outputs, and the user's MANO file. */
  readonly mano: ManoBinding | null;
  /** Where 2D keypoints come from; null where there are none. */
  readonly keypoints_2d: KeypointOrigin | null;
  readonly crop: CropKind;
  /** Per channel R, G, B on the scale 0…1. */
  readonly mean: ChannelValues;
  readonly std: ChannelValues;
  /** The unit of the model's outputs; predictions leave this room in metres. */
  readonly units: 'm' | 'mm';
  /** The joint order of the model's outputs; predictions leave this room in OpenPose order. */
  readonly joint_order: JointOrder;
  /** `right`: the network knows right hands only, left ones are mirrored for it and back. `both`: fed as they are. */
  readonly handedness: 'right' | 'both';
  /** File name of the sidecar that was used. */
  readonly sidecar: string | null;
}

/** Sizes that need no sidecar: HaMeR's crop, whole or the columns its ViT sees. */
const HAMER_SIZES: readonly (readonly [number, number])[] = [
  [256, 256],
  [256, 192],
];

/**
 * @throws UserError where the model cannot be fed or read; it lists the file's inputs and outputs
 *         and names the sidecar that settles it.
 */
export function resolveContract(model: ModelIo, sidecar: Sidecar | null = null): ModelContract {
  const content = sidecar?.content ?? {};
  const input = imageInput(model, sidecar);
  const [batch, channels, height, width] = inputShape(model, input, content.layout ?? 'nchw');
  if (typeof channels === 'number' && channels !== 3) throw notThreeChannels(model, input, sidecar);
  const declared =
    typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : null;
  const size = inputSize(model, sidecar, declared, [height, width]);
  const crop = content.crop ?? defaultCrop(model, size);
  const { outputs, mano } = readOutputs(model, sidecar);
  const isOne = unusualOutputs(model, outputs).isOne;
  if (isOne && typeof batch === 'number' && batch !== 1) throw withoutBatch(model, batch);
  return {
    input: {
      name: input.name,
      dtype: input.type as 'float32' | 'float16',
      batch: isOne ? 1 : typeof batch === 'number' ? batch : null,
      size,
      ...(content.layout === 'nhwc' ? { layout: 'nhwc' } : {}),
      ...(content.channels === 'bgr' ? { channels: 'bgr' } : {}),
    },
    outputs,
    mano,
    keypoints_2d: keypointOrigin(outputs, mano, content),
    crop,
    mean: content.mean ?? IMAGENET_MEAN,
    std: content.std ?? IMAGENET_STD,
    units: content.units ?? 'm',
    joint_order: content.joint_order ?? 'openpose',
    handedness: content.handedness ?? 'right',
    sidecar: sidecar === null ? null : basename(sidecar.file),
  };
}

/** The outputs a run asks the session for. */
export function fetchesOf({ outputs, mano }: Pick<ModelContract, 'outputs' | 'mano'>): string[] {
  const { joints, vertices, keypoints_2d, camera } = outputs;
  const read = [joints, vertices, keypoints_2d, camera, mano?.pose, mano?.global_orient, mano?.betas];
  return [...new Set(read.flatMap((output) => (output ? [output.name] : [])))];
}

/** The batch size to run with: what was asked for, or what the model is fixed to. */
export function batchSizeFor(contract: ModelContract, requested: number | undefined): number {
  const { batch } = contract.input;
  if (batch === null) return requested ?? DEFAULT_BATCH_SIZE;
  if (requested !== undefined && requested !== batch) {
    throw new UserError({
      code: 'batch-size-fixed',
      message: 'The model is exported with a fixed batch size',
      expected: `a batch size of ${batch}`,
      got: `${requested}`,
      next: `leave the batch size out, or export the model with a dynamic batch`,
    });
  }
  return batch;
}

/**
 * Never derived from the machine: results differ by 1e-6 between batch sizes, and the same inputs must
 * give the same bytes everywhere.
 */
const DEFAULT_BATCH_SIZE = 4;

/** A model's own points win over MANO's parameters, unless the sidecar turns that round. */
function readOutputs(model: ModelIo, sidecar: Sidecar | null): Pick<ModelContract, 'outputs' | 'mano'> {
  const content = sidecar?.content ?? {};
  const outputs = recogniseOutputs(model, sidecar);
  const givesPoints = outputs.joints !== null || outputs.vertices !== null;
  const wantsMano = content.points_from === 'mano' || (content.points_from === undefined && !givesPoints);
  // A sidecar's `outputs` leave out what they do not name; its `mano` is looked at in any case.
  const maySearch = wantsMano && (content.outputs === undefined || content.points_from === 'mano');
  const found = maySearch || content.mano !== undefined ? recogniseMano(model, sidecar) : null;
  const mano = wantsMano ? found : null;
  if (content.points_from === 'mano' && mano === null) {
    throw contractError(model, {
      code: 'model-mano-unknown',
      message: 'No outputs of the model are recognised as the parameters of MANO',
      expected: 'HaMeR’s pred_mano_params_global_orient, …_hand_pose and …_betas, or a sidecar with "mano"',
      next: sidecarAdvice(model, '{"mano": {"pose": "NAME", "betas": "NAME", "representation": "6d"}}'),
    });
  }
  if (mano === null) {
    if (!givesPoints && outputs.keypoints_2d === null) throw nothingToRead(model);
    return { outputs, mano };
  }
  if (content.handedness === 'both') {
    throw contractError(model, {
      code: 'mano-handedness',
      message: 'Hands are formed from MANO’s right hand, and the sidecar says the network gives both',
      expected: '"handedness": "right": left hands are mirrored for the network and back',
      next: 'export the joints and vertices of the model, which need no MANO file here',
    });
  }
  return { outputs: { ...outputs, joints: null, vertices: null }, mano };
}

function withoutBatch(model: ModelIo, batch: number): UserError {
  return contractError(model, {
    code: 'model-output-shape',
    message: `The input takes ${batch} samples, and an output has no axis for them`,
    expected: `outputs of (${batch}, …)`,
    next: 'export the model with the batch as the first axis of its outputs as well',
  });
}

function nothingToRead(model: ModelIo): UserError {
  return contractError(model, {
    code: 'model-outputs-unknown',
    message: 'No output of the model is recognised as joints or vertices',
    expected: `joints (N, 21, 3), vertices (N, ${MANO_VERTEX_COUNT}, 3) or 2D keypoints (N, 21, 2), or an output with a known name`,
    next: sidecarAdvice(model, '{"outputs": {"joints": "NAME", "vertices": "NAME"}}'),
  });
}

function keypointOrigin(
  { joints, keypoints_2d, camera }: OutputBindings,
  mano: ManoBinding | null,
  { keypoints_2d_units = 'crop', focal_length = HAMER_FOCAL_LENGTH }: SidecarContent,
): KeypointOrigin | null {
  if (keypoints_2d !== null) return { source: 'model', units: keypoints_2d_units };
  if (camera !== null && (joints !== null || mano !== null)) return { source: 'camera', focal_length };
  return null;
}

function imageInput(model: ModelIo, sidecar: Sidecar | null): TensorInfo {
  const named = sidecar?.content.input;
  if (named !== undefined && !model.inputs.some((input) => input.name === named)) {
    throw contractError(model, {
      code: 'sidecar-name-unknown',
      message: `The sidecar ${basename(sidecar!.file)} names an input that the model does not have: ${named}`,
      expected: `one of ${model.inputs.map((input) => input.name).join(', ')}`,
      next: `correct "input" in ${sidecar!.file}`,
    });
  }
  const [input, another] = model.inputs;
  if (input === undefined || another !== undefined) {
    throw contractError(model, {
      code: 'model-inputs',
      message: 'The model does not have exactly one input',
      expected: 'one image input (N, 3, height, width)',
      next: 'export the model with the image as its only input',
    });
  }
  if (input.type !== 'float32' && input.type !== 'float16') {
    throw contractError(model, {
      code: 'model-input-type',
      message: `The image input is ${input.type}`,
      expected: 'float32 or float16',
      next: 'export the model with a float32 input',
    });
  }
  return input;
}

type Dimension = TensorInfo['shape'][number];

/** N, channels, height, width. */
function inputShape(
  model: ModelIo,
  { shape }: TensorInfo,
  layout: 'nchw' | 'nhwc',
): [Dimension, Dimension, Dimension, Dimension] {
  if (shape.length === 0) return ['', '', '', ''];
  if (shape.length === 4) {
    const [batch, second, third, last] = shape as [Dimension, Dimension, Dimension, Dimension];
    return layout === 'nhwc' ? [batch, last, second, third] : [batch, second, third, last];
  }
  throw contractError(model, {
    code: 'model-input-shape',
    message: 'The input does not look like a batch of images',
    expected: '(N, 3, height, width)',
    next: 'export the model with an input of (N, 3, height, width)',
  });
}

function notThreeChannels(model: ModelIo, { shape }: TensorInfo, sidecar: Sidecar | null): UserError {
  if (sidecar?.content.layout === 'nhwc') {
    return contractError(model, {
      code: 'sidecar-layout-mismatch',
      message: `The sidecar ${basename(sidecar.file)} has the channels last, and the model has not`,
      expected: '(N, height, width, 3)',
      next: `take "layout" out of ${sidecar.file}`,
    });
  }
  const isLast = shape[3] === 3;
  return contractError(model, {
    code: 'model-input-shape',
    message: isLast
      ? 'The image input has its channels last'
      : 'The image input does not have three channels',
    expected: isLast ? 'a sidecar with "layout"' : '(N, 3, height, width), R G B',
    next: isLast
      ? `${sidecarAdvice(model, '{"layout": "nhwc"}')}. Such models may also want other "channels", "mean" and "std"`
      : 'export the model with an input of (N, 3, height, width)',
  });
}

function inputSize(
  model: ModelIo,
  sidecar: Sidecar | null,
  declared: readonly [number, number] | null,
  shape: readonly [Dimension, Dimension],
): readonly [number, number] {
  const asked = sidecar?.content.size;
  if (asked !== undefined && shape.some((dim, axis) => typeof dim === 'number' && dim !== asked[axis])) {
    throw contractError(model, {
      code: 'sidecar-size-mismatch',
      message: `The sidecar ${basename(sidecar!.file)} gives another size than the model`,
      expected: `"size": [${shape.join(', ')}], as the model declares`,
      next: `correct "size" in ${sidecar!.file}, or leave it out`,
    });
  }
  const size = asked ?? declared;
  if (size === null) {
    throw contractError(model, {
      code: 'model-input-size-unknown',
      message: 'The model does not say which image size it takes',
      expected: 'a fixed height and width, or a sidecar with "size"',
      next: sidecarAdvice(model, '{"size": [256, 256], "crop": "hamer"}'),
    });
  }
  const [height, width] = size;
  if (width > height || (height - width) % 2 !== 0) {
    throw contractError(model, {
      code: 'model-input-shape',
      message: 'The image input is not the middle of a square crop',
      expected: 'a height at least as large as the width, by an even number of pixels',
      next: 'export the model with a square input, or 256 × 192',
    });
  }
  return size;
}

function defaultCrop(model: ModelIo, size: readonly [number, number]): CropKind {
  if (HAMER_SIZES.some(([height, width]) => height === size[0] && width === size[1])) return 'hamer';
  throw contractError(model, {
    code: 'model-crop-unknown',
    message: `The model takes ${size[0]} × ${size[1]} px, which does not say how the crop is taken`,
    expected: '256 × 256 or 256 × 192 (HaMeR), or a sidecar with "crop"',
    next: sidecarAdvice(model, '{"crop": "whole-image"} or {"crop": "hamer"}'),
  });
}
