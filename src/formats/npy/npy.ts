/** NumPy's .npy: whole arrays in memory, and rows of files too large for that. */
export { readNpy, readNpyStrings, toFloat64, type NpyArray, type NpyData } from './npy-array.js';
export { parseNpyHeader, type NpyDtype, type NpyHeader, type NpyKind } from './npy-header.js';
export { NpyReader } from './npy-reader.js';
export { NpyWriter, PARTIAL_SUFFIX, type NpyWriterOptions } from './npy-writer.js';
