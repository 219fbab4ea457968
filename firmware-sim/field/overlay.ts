/** A value that faults lay something over, each until it ends; the newest counts. */
export class Overlay<T> {
  readonly #layers: { readonly value: T }[] = [];

  get value(): T | undefined {
    return this.#layers.at(-1)?.value;
  }

  /** All of them, oldest first. */
  get values(): readonly T[] {
    return this.#layers.map(({ value }) => value);
  }

  /** The answer takes it away again. */
  add(value: T): () => void {
    const layer = { value };
    this.#layers.push(layer);
    return () => {
      const index = this.#layers.indexOf(layer);
      if (index >= 0) this.#layers.splice(index, 1);
    };
  }
}
