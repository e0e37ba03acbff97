/** Which dict of a PyTorch checkpoint holds the weights, and what stands beside it. */
import { UserError } from '../../errors.js';
import type { PickleSource } from '../pickle/pickle-source.js';
import { PickleRecord, inWords, type PickleValue } from '../pickle/pickle-values.js';
import type { TensorTable } from './tensor.js';
import { isTensor, tensorView, type TensorView } from './torch-tensor.js';

/** Under which key of a training checkpoint the weights stand. */
const WEIGHT_KEYS = ['state_dict', 'model', 'model_state_dict'];
/** Keys that an error lists. */
const MAX_LISTED = 8;

type Entries = ReadonlyMap<PickleValue, PickleValue>;
export type TensorContent = Pick<TensorTable, 'others'> & { readonly views: readonly TensorView[] };

/** @throws UserError `checkpoint-content`, `tensor-unsupported`, `tensor-damaged` */
export function readContent(root: PickleValue, source: PickleSource): TensorContent {
  const outer = entriesOf(root);
  const key = WEIGHT_KEYS.find((name) => holdsTensors(outer?.get(name)));
  const weights = key === undefined ? outer : entriesOf(outer!.get(key));
  const views: TensorView[] = [];
  const others: { key: string; what: string }[] = [];
  if (key !== undefined) {
    for (const [name, value] of outer!) {
      if (name !== key) others.push({ key: keyText(name), what: inWords(value) });
    }
  }
  for (const [name, value] of weights ?? []) {
    if (typeof name === 'string' && isTensor(value)) views.push(tensorView(name, value, source));
    else others.push({ key: keyText(name), what: inWords(value) });
  }
  if (views.length === 0) throw noWeights(root, outer, source);
  return { views, others };
}

function keyText(key: PickleValue): string {
  return typeof key === 'string' ? key : inWords(key);
}

/** The entries of a dict, or of an object that is one (yacs.CfgNode). */
function entriesOf(value: PickleValue | undefined): Entries | undefined {
  if (value instanceof Map) return value;
  return value instanceof PickleRecord ? value.entries : undefined;
}

function holdsTensors(value: PickleValue | undefined): boolean {
  for (const entry of entriesOf(value)?.values() ?? []) if (isTensor(entry)) return true;
  return false;
}

function noWeights(root: PickleValue, outer: Entries | undefined, source: PickleSource): UserError {
  const listed = [...(outer ?? [])].slice(0, MAX_LISTED);
  const shown = listed.map(([name, value]) => `${JSON.stringify(keyText(name))}: ${inWords(value)}`);
  const more = (outer?.size ?? 0) > listed.length ? `, … (${outer!.size})` : '';
  const elsewhere = listed.find(([, value]) => holdsTensors(value));
  const candidates = [root, ...WEIGHT_KEYS.map((key) => outer?.get(key))];
  const isModel = candidates.some(
    (value) => value instanceof PickleRecord && value.entries === undefined && !isTensor(value),
  );
  return new UserError({
    code: 'checkpoint-content',
    message: isModel
      ? 'The checkpoint holds a whole model object, which its own Python code alone can load'
      : 'The checkpoint holds no table of weights',
    file: source.file,
    offset: source.fileStart,
    expected: `a dict of tensors, alone or under ${WEIGHT_KEYS.join(', ')}`,
    got: shown.length > 0 ? `${shown.join(', ')}${more}` : inWords(root),
    next:
      elsewhere === undefined
        ? 'save its weights where its code is: torch.save(model.state_dict(), "model.pth")'
        : `save the dict that you mean: torch.save(checkpoint[${JSON.stringify(keyText(elsewhere[0]))}], "model.pth")`,
  });
}
