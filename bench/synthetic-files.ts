/** A benchmark folder of synthetic hands: ground truth and the official prediction file, streamed to disk. */
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { FULL_DIGITS, NumberTextWriter } from './number-text.js';
import { POSES, SEED, SyntheticHands, type Conventions } from './synthetic-hands.js';

export interface SyntheticFolder {
  readonly path: string;
  readonly predictions: string;
  readonly samples: number;
  /** Of evaluation_xyz.json and evaluation_verts.json together. */
  readonly truthBytes: number;
  readonly predictionBytes: number;
}

export interface FolderRequest extends Conventions {
  readonly samples: number;
  /** Write evaluation.txt, as HO-3D has it: this many sequences of consecutive frames. */
  readonly sequences: number | null;
}

/** Says what a folder was made of, so that `--keep` uses only what it would make itself. */
const MARK = 'synthetic.json';

/** Makes the folder, or finds it made. */
export async function syntheticFolder(path: string, request: FolderRequest): Promise<SyntheticFolder> {
  const xyz = join(path, 'evaluation_xyz.json');
  const verts = join(path, 'evaluation_verts.json');
  const predictions = join(path, 'pred.json');
  const mark = JSON.stringify({ format: 1, seed: SEED, poses: POSES, ...request });
  if (readOrNull(join(path, MARK)) !== mark) {
    mkdirSync(path, { recursive: true });
    await writeNumbers(request, xyz, verts, predictions);
    if (request.sequences !== null)
      writeSampleList(join(path, 'evaluation.txt'), request.samples, request.sequences);
    writeFileSync(join(path, MARK), mark);
  }
  return {
    path,
    predictions,
    samples: request.samples,
    truthBytes: statSync(xyz).size + statSync(verts).size,
    predictionBytes: statSync(predictions).size,
  };
}

/** `[[joints…], [vertices…]]` and its two ground truth files, in one pass over each half. */
async function writeNumbers(
  request: FolderRequest,
  xyz: string,
  verts: string,
  predictions: string,
): Promise<void> {
  const hands = new SyntheticHands(request);
  await writingTo(predictions, async (predicted) => {
    predicted.open();
    for (const [part, file] of [
      ['joints', xyz],
      ['vertices', verts],
    ] as const) {
      await writingTo(file, async (truth) => {
        truth.open();
        predicted.open();
        for (let sample = 0; sample < request.samples; sample++) {
          // Lets a Ctrl-C through.
          if (sample % 64 === 0) await setImmediate();
          const pair = hands[part](sample);
          truth.points(pair.truth);
          predicted.points(pair.prediction);
        }
        predicted.close();
        truth.close();
      });
    }
    predicted.close();
  });
}

async function writingTo(file: string, write: (writer: NumberTextWriter) => Promise<void>): Promise<void> {
  const descriptor = openSync(file, 'w');
  try {
    const writer = new NumberTextWriter((bytes) => {
      for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
    }, FULL_DIGITS);
    await write(writer);
    writer.flush();
  } finally {
    closeSync(descriptor);
  }
}

function writeSampleList(file: string, samples: number, sequences: number): void {
  const length = Math.ceil(samples / sequences);
  const line = (sample: number): string =>
    `SYN${Math.floor(sample / length)}/${(sample % length).toString().padStart(4, '0')}\n`;
  writeFileSync(file, Array.from({ length: samples }, (_, sample) => line(sample)).join(''));
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
