/** Samples handled together everywhere in scoring: one size, so that sums add up in one order. */
export const SCORE_BATCH = 64;
