/** Who waits, in lines of their own: each line has its turn, however long the others are. */
export class Turns<Waiting> {
  /** By key, the one whose turn is next first. No line is empty. */
  readonly #lines = new Map<string, Waiting[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** How many wait in this line. */
  of(key: string): number {
    return this.#lines.get(key)?.length ?? 0;
  }

  push(key: string, waiting: Waiting): void {
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, [waiting]);
    else line.push(waiting);
    this.#size += 1;
  }

  /** The first of the line whose turn it is; that line goes to the end. */
  next(): Waiting | undefined {
    for (const [key, line] of this.#lines) {
      const first = line.shift();
      this.#lines.delete(key);
      if (line.length > 0) this.#lines.set(key, line);
      if (first === undefined) continue;
      this.#size -= 1;
      return first;
    }
    return undefined;
  }

  clear(): Waiting[] {
    const all = [...this.#lines.values()].flat();
    this.#lines.clear();
    this.#size = 0;
    return all;
  }
}
