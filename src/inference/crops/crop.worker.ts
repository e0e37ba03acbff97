/** A thread of the crop pool: cuts the crops of a batch out of its photographs, normalised. */
import { JpegDecoder } from '../../imaging/jpeg-decoder.js';
import type { RgbImage } from '../../imaging/rgb-image.js';
import { handingOver, serve, startData } from '../../workers/worker-service.js';
import { arrange, cropKind } from './crop-kinds.js';
import type { CropData, CropFile, CropService, CropSettings, CropTask } from './crop-messages.js';

const { size, kind, table, normalisation, arrangement } = startData<CropSettings>();
const [patchSize, columns] = size;
const { cropInto } = cropKind(kind);
const cropLength = 3 * patchSize * columns;

interface Batch {
  readonly data: CropData;
  cropMs: number;
}
const batches = new Map<number, Batch>();

function cropAll(image: RgbImage, tasks: readonly CropTask[], values: CropData): void {
  for (const { slot, ...view } of tasks) {
    const at = slot * cropLength;
    cropInto(image, view, { patchSize, columns, table, normalisation, values, at });
    if (arrangement !== undefined) arrange(values.subarray(at, at + cropLength), arrangement);
  }
}

/** @returns the milliseconds of decoding; null where the file cannot be decoded here. */
function cropFile({ bytes, task }: CropFile, batch: Batch): number | null {
  const started = performance.now();
  const image = decoder?.decode(bytes) ?? null;
  if (image === null) return null;
  const decoded = performance.now();
  cropAll(image, [task], batch.data);
  batch.cropMs += performance.now() - decoded;
  return decoded - started;
}

// Where WebAssembly is not to be had the owner decodes.
const decoder = await JpegDecoder.open().catch(() => null);

serve<CropService>({
  begin(batch, data) {
    batches.set(batch, { data, cropMs: 0 });
  },
  crop(batch, { width, height, pixels }, tasks) {
    const into = batches.get(batch)!;
    const started = performance.now();
    cropAll({ width, height, data: new Uint8Array(pixels, 0, width * height * 3) }, tasks, into.data);
    into.cropMs += performance.now() - started;
  },
  cropFiles: (batch, files) => files.map((file) => cropFile(file, batches.get(batch)!)),
  finish(batch, blank) {
    const { data, cropMs } = batches.get(batch)!;
    const started = performance.now();
    for (const slot of blank) data.fill(0, slot * cropLength, (slot + 1) * cropLength);
    batches.delete(batch);
    return handingOver({ data, cropMs: cropMs + performance.now() - started }, [data.buffer]);
  },
});
