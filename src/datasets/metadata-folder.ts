/**
 * HaMeR's evaluation metadata (.npz) as a dataset of its own, or as the source of boxes for an
 * official layout. As a dataset it decides the order, the boxes and the ground truth; the folder
 * holds nothing but the photographs.
 */
import { basename } from 'node:path';
import { UserError } from '../errors.js';
import type { Box } from '../hand/view.js';
import { TRUTH_BOXES, type BoxSide } from './boxes.js';
import { firstFew } from './folder.js';
import type { MetadataTruth } from './ground-truth/metadata-truth.js';
import { isSubsetName, readHamerMetadata, wholeFileOf, type HamerMetadata } from './hamer-metadata.js';
import { inside } from './inside.js';
import { tellOrThrow } from './problems.js';
import type { DatasetDefinition, DatasetFolder, OpenOptions, ProblemListener, Sample } from './types.js';

/** What a benchmark makes of a row of the metadata. */
export interface MetadataRules {
  readonly boxSide: BoxSide;
  /** The sample's id by the name of its photograph, relative to the image folder. */
  readonly idOf: (image: string) => string;
  readonly truthOf: (metadata: HamerMetadata, definition: DatasetDefinition) => Promise<MetadataTruth>;
}

/**
 * The metadata that `--boxes` names, or null where it names none.
 *
 * @throws UserError where `--boxes` is neither a file of ours nor a word this dataset knows.
 */
export async function metadataOf(
  definition: DatasetDefinition,
  { boxes }: OpenOptions,
): Promise<HamerMetadata | null> {
  const known = [...definition.boxes, ...(definition.cameras === undefined ? [] : [TRUTH_BOXES])];
  if (boxes === undefined || (definition.boxes as readonly string[]).includes(boxes)) return null;
  const next = `give ${[...known, 'FILE.npz'].join(' or ')} with --boxes`;
  if (!boxes.endsWith('.npz')) {
    throw new UserError({
      code: 'boxes-unknown',
      message: `${definition.title} has no boxes of this name`,
      expected: [...known, "HaMeR's evaluation metadata, FILE.npz"].join(', '),
      got: boxes,
      next,
    });
  }
  if (isSubsetName(boxes)) {
    throw new UserError({
      code: 'boxes-subset',
      message: 'This file holds the labels of a subset only',
      file: boxes,
      expected: 'the metadata of all labels',
      got: basename(boxes),
      next: `give ${wholeFileOf(boxes)}; _vis and _occ beside it are read with it`,
    });
  }
  // A row that cannot be used is told of where samples are asked for.
  return readHamerMetadata(boxes, () => undefined);
}

/** A sample and its photograph relative to the image folder, as the metadata names it. */
export interface NamedPhotograph {
  readonly id: string;
  readonly image: string;
}

/** The box of each photograph, by its name; `undefined`, and told, where the metadata has none that can be used. */
export function boxesByImage(
  metadata: HamerMetadata,
  photographs: readonly NamedPhotograph[],
  boxSide: BoxSide,
  onProblem?: ProblemListener,
): (Box | undefined)[] {
  const rows = new Map<string, number>();
  metadata.imageNames.forEach((name, row) => {
    if (rows.has(name)) rows.set(name, -1);
    else rows.set(name, row);
  });
  const tell = tellOrThrow(onProblem);
  const found = photographs.map(({ image }) => rows.get(image));
  const absent = photographs.filter((_, index) => found[index] === undefined);
  const several = photographs.filter((_, index) => found[index] === -1);
  const report = (what: string, which: readonly NamedPhotograph[]): void => {
    if (which.length === 0) return;
    tell(
      new UserError({
        code: 'boxes-unmatched',
        message: `The metadata has ${what} for ${which.length} of the ${photographs.length} photographs`,
        file: metadata.file,
        expected: 'one row a photograph, named as in the image folder',
        got: `${firstFew(which.map(({ image }) => image))}; the first row is ${metadata.imageNames[0] ?? 'absent'}`,
        next: 'use the metadata of this dataset and split, or the folder that it was made for',
      }),
      which.map(({ id }) => id),
    );
  };
  report('no box', absent);
  report('several boxes', several);
  return found.map((row, index) => {
    if (row === undefined || row === -1) return undefined;
    const problem = metadata.problems[row]!;
    if (problem === null) return boxOfRow(metadata, row, boxSide);
    tell(problem, [photographs[index]!.id]);
    return undefined;
  });
}

function boxOfRow({ centers, sizes }: HamerMetadata, row: number, boxSide: BoxSide): Box {
  return {
    center: [centers[row * 2]!, centers[row * 2 + 1]!],
    side: boxSide(sizes[row * 2]!, sizes[row * 2 + 1]!),
  };
}

/** The metadata as the dataset itself: its order, its boxes, its ground truth. */
export async function metadataFolder(
  definition: DatasetDefinition,
  root: string,
  { split }: OpenOptions,
  metadata: HamerMetadata,
  { boxSide, idOf, truthOf }: MetadataRules,
): Promise<DatasetFolder> {
  const ids = distinct(metadata.imageNames.map(idOf));
  const { groundTruth, filesBeside, notices } = await truthOf(metadata, definition);
  return {
    definition,
    root,
    split,
    order: 'metadata',
    groundTruth,
    protocol: { ...definition.protocol, boxes: 'npz' },
    annotations: [metadata.file, ...filesBeside],
    benchmarkCount: definition.protocol.sampleCount,
    notices,
    samples: (onProblem) =>
      Promise.resolve().then(() => {
        const tell = tellOrThrow(onProblem);
        return metadata.imageNames.flatMap((name, row): Sample[] => {
          const problem = metadata.problems[row]!;
          if (problem !== null) {
            tell(problem, [ids[row]!]);
            return [];
          }
          const box = boxOfRow(metadata, row, boxSide);
          return [{ id: ids[row]!, image: inside(root, name), box, right: metadata.right[row]!, root: null }];
        });
      }),
    sampleIds: () => Promise.resolve(ids),
    sequenceOf: null,
  };
}

/** Several hands of one photograph are told apart by a number: `name`, `name#2`. */
function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}
