/** What the tests of pickles share beside the assembler (test/support/tiny-pickle.ts). */
import { readFileSync } from 'node:fs';
import { readPickle, type PickleValue } from '../../src/formats/pickle/pickle.js';
import { pickle, type Part } from '../support/tiny-pickle.js';

export const PICKLES = new URL('../fixtures/pickle/', import.meta.url);
export const PROTOCOLS = [0, 1, 2, 3, 4, 5];

export function fixture(name: string): Buffer {
  return readFileSync(new URL(name, PICKLES));
}

/** Reads what the assembler makes of parts in one protocol. */
export function reader(protocol: number): (...parts: readonly Part[]) => PickleValue {
  return (...parts) => readPickle(pickle(protocol, ...parts), 'a.pkl');
}
