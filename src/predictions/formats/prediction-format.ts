/** What a prediction file format is: how it is told from the others, and how it opens. */
import type { DatasetDefinition } from '../../datasets/types.js';
import type { PredictionOrigin, PredictionSource } from '../prediction-source.js';

/** What is at the path that is given. */
export interface PredictionPath {
  readonly path: string;
  readonly isFolder: boolean;
  /** The first bytes of a file. */
  readonly start: Buffer;
  /** Names of the arrays in a zip archive; null for anything else. */
  readonly arrays: readonly string[] | null;
}

export interface OpenPredictionsOptions {
  /** Ends the opening, which unpacks an archive or reads all joints; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Throws where there are more rows than can be right, before they are read: memory is not to follow the file.
   */
  readonly requireRows?: ((rows: number, about: AboutRows) => Promise<void>) | undefined;
}

export interface AboutRows {
  /** Whether something beside the rows may name their samples. */
  readonly named: boolean;
  /** Whether the file may have more. */
  readonly atLeast: boolean;
}

export interface PredictionFormat {
  /** What run.json calls it. */
  readonly kind: string;
  /** In errors that list what is accepted, with its article. */
  readonly title: string;
  /** In the help of `--predictions`, with its article; null where the text of another format names it too. */
  readonly help: string | null;
  /** Asked in the order of the registry until one does. */
  recognises(given: PredictionPath): boolean | Promise<boolean>;
  /** @throws UserError where the predictions cannot be scored. */
  open(
    origin: PredictionOrigin,
    dataset: DatasetDefinition,
    options: OpenPredictionsOptions,
  ): Promise<PredictionSource>;
  /** Of a folder: the files in it that are read, by whose size and time a change is noticed. */
  files?(path: string): Promise<readonly string[]>;
}
