/** Speed of the number JSON parser on one core, over text in memory, in the chunks the file readers use. */
import { NumberJsonParser } from '../src/formats/json/number-json-parser.js';
import type { RecordLayout } from '../src/formats/json/number-json.js';
import { NumberTextWriter, type TextStyle } from './number-text.js';
import { medianProcessorSeconds } from './processor-time.js';
import { SyntheticHands } from './synthetic-hands.js';

export interface ParseFigure {
  readonly name: string;
  readonly bytes: number;
  readonly numbers: number;
  /** 1 MB is 10^6 bytes. */
  readonly mb_per_second: number;
  readonly ns_per_number: number;
}

/** As `src/predictions/official-predictions.ts` reads it. */
const LAYOUT: RecordLayout = {
  nesting: 'sections',
  sections: 2,
  shape: ['any', 3],
  sectionShapes: [
    [21, 3],
    ['any', 3],
  ],
};
const BATCH = 64;
const CHUNK_BYTES = 256 * 1024;
const PASSES = 5;

const CASES: readonly (readonly [name: string, style: TextStyle])[] = [
  ['17 digits (json.dump)', { decimals: 17, indented: false }],
  ['6 decimals', { decimals: 6, indented: false }],
  ['17 digits, indent=2', { decimals: 17, indented: true }],
];

/** @param samples in each text; 50 kB each at 17 digits */
export function measureParsing(samples: number): ParseFigure[] {
  const hands = new SyntheticHands({ axes: 'opencv', jointOrder: 'openpose' });
  return CASES.map(([name, style]) => {
    const text = predictionText(hands, samples, style);
    let numbers = 0;
    const seconds = medianProcessorSeconds(PASSES, () => {
      numbers = parse(text);
    });
    return {
      name,
      bytes: text.length,
      numbers,
      mb_per_second: text.length / 1e6 / seconds,
      ns_per_number: (seconds / numbers) * 1e9,
    };
  });
}

function predictionText(hands: SyntheticHands, samples: number, style: TextStyle): Buffer {
  const parts: Buffer[] = [];
  const writer = new NumberTextWriter((bytes) => parts.push(Buffer.from(bytes)), style);
  writer.open();
  for (const part of ['joints', 'vertices'] as const) {
    writer.open();
    for (let sample = 0; sample < samples; sample++) writer.points(hands[part](sample).prediction);
    writer.close();
  }
  writer.close();
  writer.flush();
  return Buffer.concat(parts);
}

/** Returns how many numbers there were, so that nobody can leave the work out. */
function parse(text: Buffer): number {
  let numbers = 0;
  const parser = new NumberJsonParser(LAYOUT, {
    file: 'pred.json',
    batchSize: BATCH,
    onBatch: (batch) => {
      numbers += batch.values.length;
    },
  });
  for (let at = 0; at < text.length; at += CHUNK_BYTES) parser.push(text.subarray(at, at + CHUNK_BYTES));
  parser.end();
  return numbers;
}
