/**
 * sharp, loaded when a photograph is first decoded or encoded. Its binary is an optional dependency: there is none for
 * every processor and C library, and what needs no photograph does without it.
 */
import type Sharp from 'sharp';
import { UserError } from '../errors.js';
import { requireDecodingRoom } from '../workers/address-space.js';

let loading: Promise<typeof Sharp> | undefined;

/** @throws UserError where it does not start on this machine. */
export function loadSharp(): Promise<typeof Sharp> {
  return (loading ??= load());
}

async function load(): Promise<typeof Sharp> {
  requireDecodingRoom();
  try {
    const { default: sharp } = await import('sharp');
    // Every file is read once, and several are decoded side by side on libuv's threads: a cache would
    // only grow and threads inside one small photograph cost more than they bring.
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  } catch (error) {
    // Its advice follows; ours also serves a processor that no binary is made for.
    const [got] = String((error as Error).message).split(/\s*Possible solutions:/);
    throw new UserError({
      code: 'sharp-unavailable',
      message: 'Photographs can be neither decoded nor written: the library sharp does not start here',
      got: got!.replace(/\s+/g, ' '),
      next: 'npm install --no-save --include=optional sharp; on an old processor or a C library that it has no binary for, npm install --no-save --cpu=wasm32 sharp. Scoring, compare, leaderboard, submission and report --no-images go without',
      cause: error,
    });
  }
}
