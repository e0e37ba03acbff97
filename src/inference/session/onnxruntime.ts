/** ONNX Runtime's binding, loaded here alone: what follows the first line is loaded after the switch is set. */
import './no-telemetry.js';

export { env, InferenceSession, Tensor } from 'onnxruntime-node';
