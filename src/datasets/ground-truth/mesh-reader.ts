/** True meshes as scoring takes them: in parts of any size, once for each sample, or some of them. */
import { concatenated } from '../sample-batch.js';
import type { Meshes, MeshStream, Selection, TrueMeshes } from '../types.js';

/** Hands meshes over in order. */
export interface MeshReader {
  /** The next `count` meshes; fewer at the end, `null` after it. */
  next(count: number): Promise<Meshes | null>;
}

/** Reads the meshes of a folder. */
export class TrueMeshReader implements MeshReader {
  readonly #meshes: TrueMeshes;
  #stream: MeshStream;
  /** Passes begun. */
  #pass = 1;
  /** Position of the next mesh to be read, over all passes. */
  #position = 0;
  #wanted: { readonly indices: Selection; next: number } | null = null;
  #pending: Meshes | null = null;
  /** Time that the passes before this one took. */
  #earlierBusyMs = 0;

  /** Reading begins at once, so that it overlaps with whatever is opened meanwhile. */
  constructor(meshes: TrueMeshes) {
    this.#meshes = meshes;
    this.#stream = meshes.open();
  }

  get busyMs(): number {
    return this.#earlierBusyMs + this.#stream.busyMs;
  }

  /** Restricts the meshes to those at `indices`, ascending; to be called before the first is taken. */
  select(indices: Selection): void {
    this.#wanted = { indices, next: 0 };
  }

  async next(count: number): Promise<Meshes | null> {
    while ((this.#pending?.count ?? 0) < count) {
      const meshes = await this.#read();
      if (meshes === null) break;
      this.#pending = this.#pending === null ? meshes : joined(this.#pending, meshes);
    }
    const pending = this.#pending;
    if (pending === null || pending.count <= count) {
      this.#pending = null;
      return pending;
    }
    const width = pending.vertexCount * 3;
    const { vertexCount } = pending;
    this.#pending = {
      values: pending.values.slice(count * width),
      count: pending.count - count,
      vertexCount,
    };
    return { values: pending.values.slice(0, count * width), count, vertexCount };
  }

  async close(): Promise<void> {
    await this.#stream.close();
  }

  /** The wanted meshes of the next part of the stream that has any. */
  async #read(): Promise<Meshes | null> {
    for (;;) {
      if (this.#wanted !== null && this.#wanted.next >= this.#wanted.indices.length) return null;
      const part = await this.#nextPart();
      if (part === null) return null;
      const first = this.#position;
      this.#position += part.count;
      const meshes = this.#wanted === null ? part : chosen(part, first, this.#wanted);
      if (meshes.count > 0) return meshes;
    }
  }

  async #nextPart(): Promise<Meshes | null> {
    for (;;) {
      const part = await this.#stream.next();
      if (part !== null) return part;
      // Without one mesh there would be nothing in another pass.
      if (this.#position === 0 || this.#pass >= this.#meshes.repeats) return null;
      this.#earlierBusyMs += this.#stream.busyMs;
      await this.#stream.close();
      this.#stream = this.#meshes.open();
      this.#pass += 1;
    }
  }
}

function chosen(
  { values, count, vertexCount }: Meshes,
  first: number,
  wanted: { readonly indices: Selection; next: number },
): Meshes {
  const width = vertexCount * 3;
  const from = wanted.next;
  while (wanted.next < wanted.indices.length && wanted.indices[wanted.next]! < first + count) wanted.next++;
  const out = new Float64Array((wanted.next - from) * width);
  for (let k = 0; from + k < wanted.next; k++) {
    const at = (wanted.indices[from + k]! - first) * width;
    out.set(values.subarray(at, at + width), k * width);
  }
  return { values: out, count: wanted.next - from, vertexCount };
}

function joined(first: Meshes, second: Meshes): Meshes {
  const values = concatenated([first.values, second.values]);
  return { values, count: first.count + second.count, vertexCount: first.vertexCount };
}
