/** A thread of the crop pool: cuts the crops of a batch out of its photographs, normalised. */
import { parentPort, workerData } from 'node:worker_threads';
import { cropInto } from '../../imaging/crop.js';
import { JpegDecoder } from '../../imaging/jpeg-decoder.js';
import type { RgbImage } from '../../imaging/rgb-image.js';
import type { CropData, CropFile, CropSettings, CropTask, FromCropper, ToCropper } from './crop-messages.js';

const port = parentPort!;
const { size, table } = workerData as CropSettings;
const [patchSize, columns] = size;
const cropLength = 3 * patchSize * columns;

interface Batch {
  readonly data: CropData;
  cropMs: number;
}
const batches = new Map<number, Batch>();

function send(message: FromCropper, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function cropAll(image: RgbImage, tasks: readonly CropTask[], values: CropData): void {
  for (const { slot, ...request } of tasks) {
    cropInto(image, { ...request, patchSize }, columns, { table, values, at: slot * cropLength });
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

port.on('message', (message: ToCropper) => {
  if (message.kind === 'begin') {
    batches.set(message.batch, { data: message.data, cropMs: 0 });
    return;
  }
  const batch = batches.get(message.batch)!;
  const started = performance.now();
  switch (message.kind) {
    case 'crop': {
      const { width, height, pixels } = message.photo;
      const image = { width, height, data: new Uint8Array(pixels, 0, width * height * 3) };
      cropAll(image, message.tasks, batch.data);
      batch.cropMs += performance.now() - started;
      send({ kind: 'cropped', decodeMs: [] });
      return;
    }
    case 'crop-files': {
      send({ kind: 'cropped', decodeMs: message.files.map((file) => cropFile(file, batch)) });
      return;
    }
    case 'finish': {
      for (const slot of message.blank) batch.data.fill(0, slot * cropLength, (slot + 1) * cropLength);
      batches.delete(message.batch);
      const cropMs = batch.cropMs + performance.now() - started;
      send({ kind: 'filled', batch: message.batch, data: batch.data, cropMs }, [batch.data.buffer]);
    }
  }
});
