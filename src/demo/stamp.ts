/** `demo.json`: by it a generated folder is known, and known to be whole. */
import { readText } from '../files/open-file.js';
import { parseJson } from '../formats/json/json-text.js';
import type { DemoDatasetId } from './layouts/registry.js';

export const STAMP_FILE = 'demo.json';
export const STAMP_SCHEMA = 'hamba-eval/demo-dataset';

export interface DemoStamp {
  readonly schema: typeof STAMP_SCHEMA;
  /** Raised whenever the same seed gives other bytes. */
  readonly generator: number;
  /** Absent: `DEFAULT_DEMO_DATASET`. */
  readonly dataset?: DemoDatasetId;
  readonly seed: number;
  /** Absent where the folder holds no training half. */
  readonly training?: number;
  readonly evaluation: number;
  readonly imageSize: unknown;
  readonly vertices: number;
  readonly faces: number;
  readonly facesFile: string;
}

/** The text of a stamp of ours, or undefined where there is none. */
export async function readStampText(file: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readText(file);
  } catch {
    return undefined;
  }
  try {
    const value: unknown = parseJson(text);
    const ours =
      typeof value === 'object' && value !== null && 'schema' in value && value.schema === STAMP_SCHEMA;
    return ours ? text : undefined;
  } catch {
    return undefined;
  }
}
