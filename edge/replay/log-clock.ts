/** The clock of a replay: what the log says, and never back for whatever only counts time that passes. */
export class LogClock {
  #nowMs = 0;
  #firstMs: number | undefined;
  #latestMs = 0;

  /** To the time of the next message; undefined is that of the one before. False time is taken as it is, as a gateway's. */
  moveTo(atMs: number | undefined): number | undefined {
    if (atMs !== undefined) {
      this.#firstMs ??= atMs;
      this.#nowMs = atMs;
      this.#latestMs = Math.max(this.#latestMs, atMs);
    }
    return this.#firstMs === undefined ? undefined : this.#nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#latestMs - (this.#firstMs ?? 0);
  }
}
