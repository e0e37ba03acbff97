/** One of n parts of a run, as `--shard 3/16` names it: samples that follow each other. */
import { UserError } from '../errors.js';

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** @throws UserError where the text is no shard. */
export function parseShard(text: string): Shard {
  const [, index = '', count = ''] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new UserError({
    code: 'shard-invalid',
    message: '--shard names no part of a run',
    expected: 'I/N, I from 1 to N: --shard 3/16',
    got: text,
    next: 'count the shards from 1; all of a run have the same N',
  });
}

export function shardText({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/**
 * Which samples a shard has. Cuts are made where a batch and a sample begin together, so that every row shares its
 * batch with the same rows as in the whole run, to the same bytes.
 *
 * @throws UserError where there are not as many parts.
 */
export function samplesOf(
  { index, count }: Shard,
  samples: number,
  passes: number,
  batchSize: number,
): { readonly first: number; readonly end: number } {
  const unit = batchSize / commonDivisor(batchSize, passes);
  const units = Math.ceil(samples / unit);
  if (count > units) {
    throw new UserError({
      code: 'shard-too-many',
      message: 'The run cannot be cut into so many shards',
      expected: `at most ${units}: ${samples} samples, cut every ${unit}`,
      got: `${count}`,
      next: `give --shard I/${units}, or fewer`,
    });
  }
  const cut = (part: number): number => Math.min(samples, Math.floor((part * units) / count) * unit);
  return { first: cut(index - 1), end: cut(index) };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
