/** Messages in a second above which the gateway is busy, and below which it is quiet again. */
const BUSY = 10_000;
const QUIET = 5_000;

interface ThriftOptions {
  /** How many messages there have been. */
  readonly messages: () => number;
  readonly monotonicMs: () => number;
  /** Whether V8's heap may grow by little, or up to fourfold, before it is collected, and its young part not at all. */
  readonly setThrifty: (isThrifty: boolean) => void;
}

/**
 * Keeps the heap close to what lives as long as there is time for it. A collection costs by what lives, not by what it
 * frees: at tens of thousands of messages a second, collecting every few MiB takes a third more processor time; at those
 * of a farm nobody notices it.
 */
export class Thrift {
  readonly #options: ThriftOptions;
  #messages = 0;
  #atMs: number;
  #isThrifty = true;

  constructor(options: ThriftOptions) {
    this.#options = options;
    this.#atMs = options.monotonicMs();
    options.setThrifty(true);
  }

  /** Once a second or so. */
  look(): void {
    const messages = this.#options.messages();
    const atMs = this.#options.monotonicMs();
    const perSecond = (1_000 * (messages - this.#messages)) / Math.max(1, atMs - this.#atMs);
    this.#messages = messages;
    this.#atMs = atMs;
    const isThrifty = perSecond < (this.#isThrifty ? BUSY : QUIET);
    if (isThrifty === this.#isThrifty) return;
    this.#isThrifty = isThrifty;
    this.#options.setThrifty(isThrifty);
  }
}
