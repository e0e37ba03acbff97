/** ONNX Runtime's binding, loaded here alone: after what must be settled before. */
import './no-telemetry.js';
import './no-float16-array.js';

export { env, InferenceSession, Tensor } from 'onnxruntime-node';
