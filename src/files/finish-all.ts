/** Waits for all of the work, also where some of it fails, and then throws the first failure. */
export async function finishAll(work: Iterable<Promise<unknown> | undefined>): Promise<void> {
  const results = await Promise.allSettled(Array.from(work, (one) => Promise.resolve(one)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
