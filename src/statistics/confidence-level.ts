/** The share of intervals that hold the truth, for every interval that the program states. */
export const CONFIDENCE_LEVEL = 0.95;
