/** Buckets grow by 2 %: a percentile is good to 2 %, from 10 µs to over an hour, in 8 KiB. */
const SMALLEST_MS = 0.01;
const GROWTH = Math.log(1.02);
const BUCKETS = 1_024;

/** Latencies in milliseconds, counted instead of kept: a load generator must not collect garbage. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #maxMs = 0;

  add(ms: number): void {
    const bucket = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log(ms / SMALLEST_MS) / GROWTH);
    const index = Math.min(bucket, BUCKETS - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** The smallest latency that this share (0 to 1) of all does not exceed; 0 when there is none. */
  percentileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let index = 0; index < BUCKETS && this.#count > 0; index += 1) {
      seen += this.#counts[index] ?? 0;
      if (seen >= rank) return Math.min(SMALLEST_MS * Math.exp(index * GROWTH), this.#maxMs);
    }
    return 0;
  }
}
