import { describe, expect, it } from 'vitest';
import { FREIHAND_PROTOCOL, ScoreAccumulator, type ScoreResult } from '../../src/metrics/index.js';
import { ScorePool, type SampleRow, type ScoreJob, type Wanted } from '../../src/score/score-pool.js';
import { Random } from '../../src/statistics/random.js';

const COUNT = 5;
const BATCHES = 3;

/** Hands of a set, made from its seed; the buffers are given away, so each time anew. */
function jobs(seed: number): ScoreJob[] {
  const random = new Random(seed);
  const hands = (points: number): Float64Array =>
    Float64Array.from({ length: COUNT * points * 3 }, () => 0.1 * random.normal());
  return Array.from({ length: BATCHES }, (_, batch) => {
    const predictedJoints = hands(21);
    if (batch === 1) predictedJoints[0] = Number.NaN;
    return {
      batch,
      count: COUNT,
      predictedJoints,
      trueJoints: hands(21),
      predictedVertices: hands(30),
      predictedVertexCount: 30,
      trueVertices: hands(30),
      trueVertexCount: 30,
    };
  });
}

async function scored(
  pool: ScorePool,
  seed: number,
  wanted: Wanted,
): Promise<{ rows: SampleRow[]; result: ScoreResult }> {
  const rows: SampleRow[] = [];
  pool.begin(wanted, (batch) => rows.push(...batch));
  for (const job of jobs(seed)) await pool.submit(job);
  const whole = new ScoreAccumulator(FREIHAND_PROTOCOL);
  for (const { accumulator } of await pool.drain()) whole.merge(ScoreAccumulator.fromJson(accumulator));
  return { rows, result: whole.result() };
}

async function withPool<T>(threads: number, use: (pool: ScorePool) => Promise<T>): Promise<T> {
  const pool = new ScorePool(threads, FREIHAND_PROTOCOL);
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

describe('a pool of scoring threads', () => {
  it('fails, and does not wait for ever, where a thread ends before its totals are in', async () => {
    const pool = new ScorePool(2, FREIHAND_PROTOCOL);
    const draining = pool.drain();
    const failed = expect(draining).rejects.toThrow('a scoring thread was closed');
    await pool.close();
    await failed;
  });

  it('fails, and does not wait for ever, where a thread crashes', async () => {
    await withPool(1, async (pool) => {
      const [job] = jobs(1);
      const noNumbers = { buffer: new ArrayBuffer(8) } as Float64Array;
      pool.begin('everything', () => undefined);
      await pool.submit({ ...job!, predictedJoints: noNumbers });
      await expect(pool.drain()).rejects.toThrow('a scoring thread crashed: values?.subarray');
      await expect(pool.submit(jobs(1)[0]!)).rejects.toThrow('a scoring thread crashed');
    });
  });

  it('gives the totals of every thread, also where there was nothing to score', async () => {
    const pool = new ScorePool(2, FREIHAND_PROTOCOL);
    try {
      const totals = await pool.drain();
      expect(totals.map(({ accumulator }) => accumulator.scored)).toEqual([0, 0]);
    } finally {
      await pool.close();
    }
  });

  it('scores one set after another as a pool of its own does', async () => {
    const seeds = [1, 2, 1];
    const alone = await Promise.all(
      seeds.map((seed) => withPool(1, (pool) => scored(pool, seed, 'everything'))),
    );
    const after = await withPool(2, async (pool) => [
      await scored(pool, seeds[0]!, 'everything'),
      await scored(pool, seeds[1]!, 'everything'),
      await scored(pool, seeds[2]!, 'everything'),
    ]);
    expect(after).toEqual(alone);
    expect(after[0]!.result.metrics).not.toEqual(after[1]!.result.metrics);
    expect(after[0]!.rows).toHaveLength(BATCHES * COUNT);
    expect(after[0]!.result).toMatchObject({ scored: BATCHES * COUNT - 1, unscored: 1 });
  });

  it.each(['metrics', 'samples'] as const)(
    'gives the same figures where %s alone are wanted',
    async (wanted) => {
      const [whole, part] = await withPool(2, async (pool) => [
        await scored(pool, 3, 'everything'),
        await scored(pool, 3, wanted),
      ]);
      const { metrics, proper, scored: count, unscored, unscoredReasons, counts } = whole.result;
      expect(part.result).toMatchObject({
        metrics,
        proper,
        scored: count,
        unscored,
        unscoredReasons,
        counts,
      });
      expect(part.rows).toEqual(wanted === 'metrics' ? [] : whole.rows);
      expect(whole.result.joints).toHaveLength(21);
      expect(part.result.joints).toEqual([]);
    },
  );
});
