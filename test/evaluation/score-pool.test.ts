/** What becomes of a pool whose threads are gone. */
import { describe, expect, it } from 'vitest';
import { ScorePool } from '../../src/evaluation/score-pool.js';
import { FREIHAND_PROTOCOL } from '../../src/metrics/index.js';

describe('a pool of scoring threads', () => {
  it('fails, and does not wait for ever, where a thread ends before its totals are in', async () => {
    const pool = new ScorePool(2, FREIHAND_PROTOCOL, () => undefined);
    const draining = pool.drain();
    const failed = expect(draining).rejects.toThrow('a scoring thread ended unexpectedly');
    await pool.close();
    await failed;
  });

  it('gives the totals of every thread, also where there was nothing to score', async () => {
    const pool = new ScorePool(2, FREIHAND_PROTOCOL, () => undefined);
    try {
      const totals = await pool.drain();
      expect(totals.map(({ accumulator }) => accumulator.scored)).toEqual([0, 0]);
    } finally {
      await pool.close();
    }
  });
});
