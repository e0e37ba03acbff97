/** The networks that can be built: one file an architecture, one line here. */
import { HAMBA } from './hamba-architecture.js';
import { HAMER } from './hamer-architecture.js';
import { WILOR } from './wilor-architecture.js';

export const ARCHITECTURES = [HAMBA, HAMER, WILOR];
