/** The network's input as `run` makes it. */
import { type CropRequest, cropImage } from '../../src/imaging/crop.js';
import { decodeImage } from '../../src/imaging/decode.js';
import { Tensor } from '../../src/inference/session/onnxruntime.js';

export interface Crop extends Omit<CropRequest, 'patchSize'> {
  readonly image: string;
}

const PIXELS = 256 * 256;
const MEAN = [0.485, 0.456, 0.406] as const;
const STD = [0.229, 0.224, 0.225] as const;

/** N×3×256×256, normalised with ImageNet's constants. */
export async function networkInput(crops: readonly Crop[]): Promise<Tensor> {
  const input = new Float32Array(crops.length * 3 * PIXELS);
  for (const [i, { image, ...request }] of crops.entries()) {
    const patch = cropImage(await decodeImage(image), { ...request, patchSize: 256 });
    for (let k = 0; k < patch.length; k++) {
      const channel = k % 3;
      const to = (i * 3 + channel) * PIXELS + Math.floor(k / 3);
      input[to] = (patch[k]! / 255 - MEAN[channel]!) / STD[channel]!;
    }
  }
  return new Tensor('float32', input, [crops.length, 3, 256, 256]);
}
