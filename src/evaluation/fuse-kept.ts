/** Fuses the passes that an earlier run has kept: another fusion without another inference. */
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { NpyReader } from '../formats/npy.js';
import type { Manifest } from '../runs/manifest.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { sweepPasses } from '../tta/sweep.js';
import type { RunContext } from './task.js';
import { SweepWriter, type PointFusionName } from './sweep-writer.js';

type KeptPass = NonNullable<Manifest['passes']>[number];

/** @throws UserError where the run has kept no passes. */
export function keptPasses(from: RunDirectory): readonly KeptPass[] {
  const { passes } = from.manifest;
  if (passes !== undefined && passes.length > 0) return passes;
  throw new UserError({
    code: 'passes-not-kept',
    message: 'This run has not kept the passes of a sweep, so nothing can be fused again',
    file: from.path,
    expected: "'passes' in run.json",
    got: 'none',
    next: 'predict once more with --tta graphormer --keep-passes',
  });
}

/** Reads the kept passes sample by sample and writes the fused sets into `run`. */
export async function fuseKept(
  from: RunDirectory,
  run: RunDirectory,
  ids: readonly string[],
  fusions: readonly PointFusionName[],
  { progress, signal }: RunContext,
): Promise<Pick<Manifest, 'fused'>> {
  const kept = keptPasses(from);
  const sweep = {
    rotations: [...new Set(kept.map(({ rotation_deg }) => rotation_deg))],
    scales: [...new Set(kept.map(({ scale }) => scale))],
  };
  const passes = sweepPasses(sweep);
  const mirrored = new Set(from.manifest.mirrored ?? []);
  const writer = new SweepWriter(
    run,
    { passes, fusions, keepPasses: false },
    ids.map((id, index) => ({ id, mirrored: mirrored.has(index) })),
  );
  const names = (['joints', 'vertices', 'keypoints_2d'] as const).filter(
    (name) => kept[0]!.predictions[name] !== undefined,
  );
  const readers = new Map<string, NpyReader>();
  const stage = progress.stage('fuse', ids.length, 'samples');
  try {
    for (const pass of kept) {
      for (const name of names) {
        readers.set(
          `${pass.name}/${name}`,
          await NpyReader.open(join(from.path, pass.predictions[name]!.file)),
        );
      }
    }
    for (let sample = 0; sample < ids.length; sample++) {
      signal.throwIfAborted();
      for (const pass of passes) {
        const parts = await Promise.all(
          names.map(async (name) => {
            const reader = readers.get(`${pass.name}/${name}`)!;
            const values = await reader.readRows(sample, sample + 1);
            return [name, reader.shape.slice(1), values] as const;
          }),
        );
        const first = sample * passes.length + pass.index;
        await writer.add({ first, count: 1, invalid: [] }, parts);
      }
      stage.update(sample + 1);
    }
    const { fused } = await writer.close();
    return fused === undefined ? {} : { fused };
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    stage.stop();
    await Promise.all([...readers.values()].map((reader) => reader.close()));
  }
}
