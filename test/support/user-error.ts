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
