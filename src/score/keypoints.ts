/** Keypoints in the photograph, as a kind of measure. */
import type { Selection } from '../datasets/types.js';
import { diagnoseKeypoints, type Finding } from '../diagnosis/index.js';
import { jointNames } from '../hand/joints.js';
import type { KeypointLabels, KeypointProtocol, KeypointScoreResult } from '../metrics/index.js';
import type { OrderedSource } from '../predictions/folder-order.js';
import { PredictionImport } from '../predictions/prediction-import.js';
import { silentProgress } from '../progress.js';
import type { Warning } from '../runs/metrics-document.js';
import { writeResult } from '../runs/result-files.js';
import { measureKeypoints } from './measure-keypoints.js';
import type { Measuring, MeasuringRequest } from './measuring.js';
import { resultDocument, wrongTruth } from './result-document.js';
import { keypointCurves, keypointJoints, keypointSamples, keypointTable } from './score-tables.js';

export async function openKeypoints(request: MeasuringRequest<KeypointProtocol>): Promise<Measuring> {
  const { folder, protocol, selection } = request;
  const { groundTruth: truth } = folder;
  if (truth.kind !== 'keypoints') throw wrongTruth(folder);
  // A thousand small files, perhaps: read once for all sets.
  const common = { ...request, labels: await truth.read(), labelFile: truth.file };
  return {
    async measure(source, keepIn) {
      const { ordered, results, result, confidence, unscored } = await measureKeypoints({
        ...common,
        source,
      });
      if (keepIn !== null) {
        const importer = await PredictionImport.start(keepIn, ordered.source);
        await keepIn.update({ predictions: await importer.finish() });
      }
      const { ids } = ordered;
      const findings = diagnosed(ordered, common.labels, selection);
      for (const { code, message } of findings) request.progress.note(`warning (${code}): ${message}`);
      const parts = { ids, joints: keypointJoints(result.joints), keypoints: keypointTable(results) };
      const metrics = { ...result.metrics };
      return {
        ...parts,
        rows: results,
        metrics,
        async write(run, tta) {
          const warnings = [findings, unlabelled(result)] as const;
          const document = resultDocument(
            { folder, protocol, ordered, unscored, metrics, confidence, warnings },
            tta,
          );
          await writeResult(run, {
            ...parts,
            document,
            samples: keypointSamples({ ids, folder, selection, rows: results, unscored }),
            curves: keypointCurves(result.curves),
            officialScores: null,
            origin: { ...ordered.source.origin },
            selected: selection !== null,
          });
          return document;
        },
      };
    },
    async measureSet(source, withIntervals) {
      const parts = { ...common, source, progress: silentProgress };
      const { result, confidence, unscored, results } = await measureKeypoints(parts, withIntervals);
      const coverage = { scored: results.length - unscored.length, unscored: unscored.length };
      return { metrics: { ...result.metrics }, confidence, coverage };
    },
    close: () => Promise.resolve(),
  };
}

/** What a look at the predictions tells; rows that lack one are passed over. */
function diagnosed(
  { source, ids }: OrderedSource,
  labels: KeypointLabels,
  selection: Selection | null,
): Finding[] {
  const places = ids.map((_, row) => selection?.[row] ?? row);
  const idOfPlace = new Map(places.map((place, row) => [place, ids[row]!]));
  return diagnoseKeypoints({
    predicted: source.keypoints!,
    places,
    labels,
    maker: source.origin.kind === 'model' ? 'model' : 'file',
    idOf: (place) => idOfPlace.get(place)!,
  });
}

const SUBSET_WORDS = { all: 'labelled', vis: 'labelled as visible', occ: 'labelled as occluded' } as const;

/** A joint without labels is left out of a mean, and said to be. */
function unlabelled({ unlabelledJoints }: KeypointScoreResult): Warning[] {
  const names = jointNames('openpose');
  return Object.entries(unlabelledJoints).map(([subset, joints]) => ({
    code: 'joints-unlabelled',
    message: `${joints.length} of the 21 joints are ${SUBSET_WORDS[subset as keyof typeof SUBSET_WORDS]} nowhere and left out of the mean: ${joints.map((joint) => names[joint]!).join(', ')}`,
    remedy: 'on the whole benchmark every joint has labels; quote no figure of a part of it',
  }));
}
