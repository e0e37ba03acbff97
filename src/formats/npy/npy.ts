/** NumPy's .npy: whole arrays in memory, and rows of files too large for that. */
export { readNpy, readNpyStrings, toFloat64, type NpyArray } from './npy-array.js';
export { NpyReader } from './npy-reader.js';
export { NpyWriter, PARTIAL_SUFFIX } from './npy-writer.js';
