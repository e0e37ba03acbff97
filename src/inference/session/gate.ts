/** Lets a number in at a time, first come first served. */
export class Gate {
  #open: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#open = count;
  }

  async enter(): Promise<void> {
    if (this.#open > 0) this.#open -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#open += 1;
    else next();
  }
}
