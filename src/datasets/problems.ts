import type { ProblemListener } from './types.js';

/** Hands a problem to the listener, or throws it where nobody listens. */
export function tellOrThrow(listener: ProblemListener | undefined): ProblemListener {
  return (
    listener ??
    ((problem) => {
      throw problem;
    })
  );
}
