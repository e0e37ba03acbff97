/** Fuses the passes that an earlier run has kept: another fusion without another inference. */
import type { RunContext } from '../progress.js';
import type { FailedPasses, Manifest, RunFolder } from '../runs/manifest.js';
import type { RunDirectory } from '../runs/run-directory.js';
import type { Pass } from '../tta/sweep.js';
import { failedRows, failuresById } from './failed-passes.js';
import { keptPasses, KeptPassReader, type KeptPass } from './kept-passes.js';
import { SweepWriter, type PointFusionName } from './sweep-writer.js';

/** Reads the kept passes sample by sample and writes the fused sets into `run`. */
export async function fuseKept(
  from: RunFolder,
  run: RunDirectory,
  ids: readonly string[],
  fusions: readonly PointFusionName[],
  { progress, signal }: RunContext,
): Promise<Pick<Manifest, 'fused'>> {
  if (fusions.length === 0) return {};
  const passes = keptPasses(from).map(toPass);
  const mirrored = new Set(from.manifest.mirrored ?? []);
  const writer = new SweepWriter(
    run,
    { passes, fusions, keepPasses: false },
    ids.map((id, index) => ({ id, mirrored: mirrored.has(index) })),
  );
  const whyNot = failuresById(knownFailures(from.manifest));
  const reader = new KeptPassReader(from, ['joints', 'vertices', 'keypoints_2d'], ids.length);
  const blockSize = reader.blockSize();
  const stage = progress.stage('fuse', ids.length, 'samples');
  try {
    for (let first = 0; first < ids.length; first += blockSize) {
      const end = Math.min(first + blockSize, ids.length);
      const block = await reader.read(first, end);
      for (let sample = first; sample < end; sample++) {
        signal.throwIfAborted();
        const failures = failedRows(sample, whyNot.get(ids[sample]!) ?? []);
        for (const { index } of passes) {
          const row = { first: sample * passes.length + index, count: 1, ...failures };
          await writer.add(row, block[index]![sample - first]!);
        }
        stage.update(sample + 1);
      }
    }
    const { fused } = await writer.close();
    return fused === undefined ? {} : { fused };
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    stage.stop();
  }
}

function toPass({ index, name, rotation_deg: rotationDegrees, scale }: KeptPass): Pass {
  return { index, name, rotationDegrees, scale };
}

/** run.json knows more of a failed pass than the NaN that is left of it; a run of an older version of the un-augmented one. */
function knownFailures(manifest: Manifest): FailedPasses[] {
  const {
    unpredicted = [],
    unpredicted_keypoints: withoutKeypoints = [],
    failed_passes: failed = [],
  } = manifest;
  return [
    ...failed,
    ...unpredicted.map((sample) => ({ ...sample, passes: '0' })),
    ...withoutKeypoints.map((sample) => ({ ...sample, passes: '0', keypoints_alone: true })),
  ];
}
