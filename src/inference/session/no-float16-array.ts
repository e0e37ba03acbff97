/**
 * ONNX Runtime's binding cannot read a Float16Array ("not enough space: expected 1572864, got 0"). It makes one of the
 * bits it is given where the thread has that class, as newer versions of Node have: this thread does without.
 */
Reflect.deleteProperty(globalThis, 'Float16Array');
