/** The protocol of a run: the folder's, with what was asked for and what the predictions decide. */
import type { DatasetFolder } from '../datasets/types.js';
import { UserError } from '../errors.js';
import type { AnyProtocol, JointSource } from '../metrics/index.js';
import type { RunRequest } from './task.js';

/** The folder's protocol with the rules that were asked for. */
export function withRules({ protocol, definition }: DatasetFolder, request: RunRequest): AnyProtocol {
  const { reflection, jointsFrom } = request;
  if (protocol.measure === 'hands-3d') {
    return {
      ...protocol,
      reflection: reflection ?? protocol.reflection,
      jointSource: jointsFrom ?? protocol.jointSource,
    };
  }
  const flag =
    reflection === undefined ? (jointsFrom === undefined ? null : '--joints-from') : '--reflection';
  if (flag === null) return protocol;
  throw new UserError({
    code: 'rule-meaningless',
    message: `${definition.title} is scored in the photograph, where ${flag} means nothing`,
    expected: `no ${flag}`,
    got: reflection ?? jointsFrom ?? '',
    next: `leave ${flag} out`,
  });
}

/** What is known of predictions before they are scored. */
interface Origin {
  /** Which boxes they were made from; null where it is not known. */
  readonly boxes: string | null;
  /** Whether the benchmark publishes the wrists of their samples. */
  readonly hasRoots: boolean;
  readonly hasJoints: boolean;
}

/** `protocol` for predictions of an origin: a hand is put on a published wrist where it has a wrist of its own. */
export function withOrigin(protocol: AnyProtocol, { boxes, hasRoots, hasJoints }: Origin): AnyProtocol {
  if (protocol.measure === 'keypoints-2d') return { ...protocol, boxes };
  const isPlaced = hasRoots && (hasJoints || protocol.jointSource !== 'model');
  return { ...protocol, boxes, rootAlignment: isPlaced ? 'published-root' : 'none' };
}

/** Where joints in space come from; null where none are scored. */
export function jointSourceOf(protocol: AnyProtocol): JointSource | null {
  return protocol.measure === 'hands-3d' ? protocol.jointSource : null;
}
