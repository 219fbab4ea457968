import { createHash, randomBytes } from 'node:crypto';

const BITS = 2 ** 24;

/**
 * Names that were noted within the last period, and up to another one: two generations of bits under a keyed hash (a Bloom
 * filter). However many there are, none is forgotten early and no more memory is taken, 4 MiB in all; of strangers it takes one in
 * seventy for known when a million were noted.
 */
export class Suspects {
  readonly #periodMs: number;
  readonly #key = randomBytes(16);
  #current = new Uint8Array(BITS / 8);
  #earlier = new Uint8Array(BITS / 8);
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  note(name: string, nowMs: number): void {
    this.#turn(nowMs);
    for (const bit of this.#bitsOf(name))
      this.#current[bit >>> 3] = (this.#current[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }

  has(name: string, nowMs: number): boolean {
    this.#turn(nowMs);
    const bits = this.#bitsOf(name);
    return [this.#current, this.#earlier].some((noted) =>
      bits.every((bit) => ((noted[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0),
    );
  }

  /** Also when the clock was set back. */
  #turn(nowMs: number): void {
    const ageMs = Math.abs(nowMs - this.#sinceMs);
    if (ageMs < this.#periodMs) return;
    const isNext = ageMs < 2 * this.#periodMs;
    [this.#earlier, this.#current] = [this.#current, this.#earlier];
    this.#current.fill(0);
    if (!isNext) this.#earlier.fill(0);
    this.#sinceMs = nowMs;
  }

  #bitsOf(name: string): [number, number] {
    const digest = createHash('sha256').update(this.#key).update(name).digest();
    return [digest.readUInt32LE(0) % BITS, digest.readUInt32LE(4) % BITS];
  }
}
