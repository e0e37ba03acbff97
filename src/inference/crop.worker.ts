/** A thread of the crop pool: cuts the crops of a batch out of its photographs, normalised. */
import { parentPort, workerData } from 'node:worker_threads';
import { cropInto } from '../imaging/crop.js';
import type { CropData, CropSettings, FromCropper, ToCropper } from './crop-messages.js';

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

port.on('message', (message: ToCropper) => {
  if (message.kind === 'begin') {
    batches.set(message.batch, { data: message.data, cropMs: 0 });
    return;
  }
  const batch = batches.get(message.batch)!;
  const started = performance.now();
  if (message.kind === 'crop') {
    const { width, height, pixels } = message.photo;
    const image = { width, height, data: new Uint8Array(pixels, 0, width * height * 3) };
    for (const { slot, ...request } of message.tasks) {
      const output = { table, values: batch.data, at: slot * cropLength };
      cropInto(image, { ...request, patchSize }, columns, output);
    }
    batch.cropMs += performance.now() - started;
    send({ kind: 'cropped' });
    return;
  }
  for (const slot of message.blank) batch.data.fill(0, slot * cropLength, (slot + 1) * cropLength);
  batches.delete(message.batch);
  const cropMs = batch.cropMs + performance.now() - started;
  send({ kind: 'filled', batch: message.batch, data: batch.data, cropMs }, [batch.data.buffer]);
});
