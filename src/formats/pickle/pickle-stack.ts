/** The stack, the marks and the memo of the pickle machine (CPython's `Lib/pickletools.py`, "Overview"). */
import { OBJECT_COST, TEXT_COST, VALUE_COST, WRITE_AGAIN, type PickleSource } from './pickle-source.js';
import { PickleGlobal, PickleTuple, inWords, type PickleValue } from './pickle-values.js';

export class PickleStack {
  readonly #source: PickleSource;
  readonly #values: PickleValue[] = [];
  /** Heights of the stack at which a MARK stands. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(source: PickleSource) {
    this.#source = source;
  }

  push(value: PickleValue): void {
    this.#source.charge(VALUE_COST);
    this.#values.push(value);
  }

  /** Pushes a new container. */
  pushNew(value: PickleValue): void {
    this.#source.charge(OBJECT_COST);
    this.push(value);
  }

  mark(): void {
    this.#source.charge(VALUE_COST);
    this.#marks.push(this.#values.length);
  }

  /** Values below the last mark are out of reach. */
  #need(): void {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#values.length > floor) return;
    throw this.#source.error({
      code: 'stack',
      message: 'The pickle takes a value that it never made',
      expected: 'a value on the stack',
      got: this.#marks.length === 0 ? 'an empty stack' : 'a mark',
      next: WRITE_AGAIN,
    });
  }

  pop(): PickleValue {
    this.#need();
    return this.#values.pop()!;
  }

  top(): PickleValue {
    this.#need();
    return this.#values.at(-1)!;
  }

  popText(what: string): string {
    const value = this.pop();
    if (typeof value === 'string') return value;
    throw this.unfit(what, 'text', value);
  }

  popTuple(what: string): PickleTuple {
    const value = this.pop();
    if (value instanceof PickleTuple) return value;
    throw this.unfit(what, 'a tuple', value);
  }

  popGlobal(what: string): PickleGlobal {
    const value = this.pop();
    if (value instanceof PickleGlobal) return value;
    throw this.unfit(what, 'the name of a class', value);
  }

  /** The `count` uppermost values, the lowest of them first. */
  popMany(count: number): PickleValue[] {
    const values: PickleValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.pop());
    return values.reverse();
  }

  /** POP takes away a value or, where there is none above it, a mark. */
  drop(): void {
    if (this.#marks.at(-1) === this.#values.length) this.#marks.pop();
    else this.pop();
  }

  /** Everything above the last mark, and the mark itself. */
  popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark !== undefined) return this.#values.splice(mark);
    throw this.#source.error({
      code: 'mark',
      message: 'The pickle refers to a mark that it never set',
      expected: 'a MARK on the stack',
      got: 'none',
      next: WRITE_AGAIN,
    });
  }

  /** STOP: the one value that must be left. */
  finish(): PickleValue {
    const value = this.pop();
    if (this.#values.length === 0 && this.#marks.length === 0) return value;
    throw this.#source.error({
      code: 'stack',
      message: 'The pickle ends with more than one value',
      expected: 'one value on the stack',
      got: `${this.#values.length + 1} values, ${this.#marks.length} marks`,
      next: WRITE_AGAIN,
    });
  }

  /** Remembers the uppermost value, under the next free index where none is given. */
  memoize(index = this.#memo.size): void {
    const value = this.top();
    const { maxMemo } = this.#source;
    if (!this.#memo.has(index)) {
      if (this.#memo.size >= maxMemo) {
        throw this.#source.tooLarge('The memo is too large', `at most ${maxMemo} entries`, `${maxMemo + 1}`);
      }
      this.#source.charge(TEXT_COST);
    }
    this.#memo.set(index, value);
  }

  recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value !== undefined) return value;
    throw this.#source.error({
      code: 'memo',
      message: 'The pickle refers to an object that it has not made yet',
      expected: `one of the ${this.#memo.size} objects remembered so far`,
      got: `number ${index}`,
      next: WRITE_AGAIN,
    });
  }

  /** The error for an operand of the wrong type. */
  unfit(what: string, expected: string, got: PickleValue): Error {
    return this.#source.error({
      code: 'operand',
      message: `The pickle gives ${what} a value that does not fit`,
      expected,
      got: inWords(got),
      next: WRITE_AGAIN,
    });
  }
}
