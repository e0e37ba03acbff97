/** Every order of the 21 joints: the one place that lists them. */
import { HO3D } from './ho3d.js';
import type { KnownOrder } from './joint-order.js';
import { OPENPOSE } from './openpose.js';
import { UNDECLARED_ORDERS } from './undeclared.js';

/** The orders that may be declared; one file each. */
export const JOINT_ORDERS = [OPENPOSE, HO3D] as const;

/** Every order that the diagnosis tries: those that may be declared, then the others. */
export const KNOWN_ORDERS: readonly KnownOrder[] = [
  ...JOINT_ORDERS.map(({ title, layout, ...order }) => ({ name: `${title} order (${layout})`, ...order })),
  ...UNDECLARED_ORDERS,
];
