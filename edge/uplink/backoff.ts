/** Milliseconds. */
interface BackoffOptions {
  /** Within this time the first new try comes. */
  readonly firstMs: number;
  readonly mostMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** How long to wait after so many failures: anywhere within a span that doubles with each. */
export function waitMs(failures: number, { firstMs, mostMs, random }: BackoffOptions): number {
  return Math.floor(random() * Math.min(mostMs, firstMs * 2 ** Math.min(failures, 30)));
}

/**
 * How long to wait before the next try: anywhere within a span that doubles with each failure. Two thousand gateways that
 * have lost the same cloud at one moment come back spread over the whole span, not together at its end.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  next(): number {
    const chosenMs = waitMs(this.#failures, this.#options);
    this.#failures += 1;
    return chosenMs;
  }

  /** Something has come of it: not only a connection, which a cloud in trouble gives and takes. */
  reset(): void {
    this.#failures = 0;
  }
}
