import { UserError } from '../../src/errors.js';

/** The user's error that `action` throws; any other is thrown on. */
export function failure(action: () => unknown): UserError {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The user's error that `promise` ends with; any other is thrown on. */
export async function rejection(promise: Promise<unknown>): Promise<UserError> {
  try {
    await promise;
  } catch (error) {
    return failure(() => {
      throw error;
    });
  }
  throw new Error('nothing was refused');
}
