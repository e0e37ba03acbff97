/**
 * Speed of the number JSON parser on one core, on data made in memory:
 *
 *     npx tsc -p tsconfig.json --noEmit false --rootDir . --outDir /tmp/hamba-bench && node /tmp/hamba-bench/bench/number-json.js [MB]
 *
 * Prints the best and the median of five passes over the same bytes, handed over in chunks of 256 KiB as the
 * file readers do. 1 MB is 10^6 bytes.
 */
import { NumberJsonParser, type RecordLayout } from '../src/formats/number-json.js';

const LAYOUT: RecordLayout = {
  nesting: 'sections',
  sections: 2,
  shape: ['any', 3],
  sectionShapes: [
    [21, 3],
    ['any', 3],
  ],
};
const CHUNK_BYTES = 256 * 1024;
const PASSES = 5;

/** Coordinates in metres as a float32 model gives them: mulberry32, seeded, spread over ±0.6 m. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Python's repr of a float, for the magnitudes met here. */
function python(x: number): string {
  return Number.isInteger(x) ? `${x}.0` : String(x).replace(/e-(\d)$/, 'e-0$1');
}

type Format = (x: number) => string;

function makeFile(megabytes: number, format: Format, pretty: boolean): Buffer {
  const random = makeRandom(20261);
  const [comma, open, close] = pretty ? [',\n        ', '[\n        ', '\n      ]'] : [', ', '[', ']'];
  const point = (): string =>
    open + [0, 0, 0].map(() => format(Math.fround((random() - 0.5) * 1.2))).join(comma) + close;
  const record = (rows: number): string => `[${Array.from({ length: rows }, point).join(comma)}]`;
  const joints = [record(21)];
  const vertices = [record(778)];
  // A hundred different records, then again the same: making text is the slow part here.
  while (joints.length < 100) {
    joints.push(record(21));
    vertices.push(record(778));
  }
  const block = joints.join(comma).length + vertices.join(comma).length;
  const times = Math.max(1, Math.round((megabytes * 1e6) / block));
  const repeat = (records: string[]): Buffer =>
    Buffer.from(Array.from({ length: times }, () => records.join(comma)).join(comma));
  return Buffer.concat([
    Buffer.from('[['),
    repeat(joints),
    Buffer.from('], ['),
    repeat(vertices),
    Buffer.from(']]\n'),
  ]);
}

function pass(file: Buffer): { seconds: number; numbers: number } {
  let numbers = 0;
  const start = performance.now();
  const parser = new NumberJsonParser(LAYOUT, {
    file: 'pred.json',
    onBatch: (batch) => {
      numbers += batch.values.length;
    },
  });
  for (let at = 0; at < file.length; at += CHUNK_BYTES) parser.push(file.subarray(at, at + CHUNK_BYTES));
  parser.end();
  return { seconds: (performance.now() - start) / 1000, numbers };
}

const megabytes = Number(process.argv[2] ?? 200);
const cases: readonly (readonly [name: string, format: Format, pretty: boolean])[] = [
  ['17 significant digits', python, false],
  ['6 decimals', (x) => x.toFixed(6), false],
  ['17 digits, pretty-printed', python, true],
];
for (const [name, format, pretty] of cases) {
  const file = makeFile(megabytes, format, pretty);
  const runs = Array.from({ length: PASSES }, () => pass(file)).sort((a, b) => a.seconds - b.seconds);
  const speed = (run: { seconds: number }): string => (file.length / 1e6 / run.seconds).toFixed(0);
  const middle = runs[Math.floor(PASSES / 2)]!;
  const nanoseconds = ((middle.seconds / middle.numbers) * 1e9).toFixed(1);
  console.log(
    `${name.padEnd(26)} ${(file.length / 1e6).toFixed(0).padStart(5)} MB   best ${speed(runs[0]!)} MB/s   ` +
      `median ${speed(middle)} MB/s per core   ${nanoseconds} ns per number`,
  );
}
