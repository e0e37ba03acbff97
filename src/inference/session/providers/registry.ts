/** The execution providers that a run may be asked to use; one file each. */
import { CPU } from './cpu.js';
import { CUDA } from './cuda.js';
import { TENSORRT } from './tensorrt.js';
import { WEBGPU } from './webgpu.js';

export const PROVIDERS = [CPU, CUDA, TENSORRT, WEBGPU] as const;
