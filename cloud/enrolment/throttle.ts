import { isIPv6 } from 'node:net';

interface ThrottleLimits {
  /** Tries a minute from one network. */
  readonly ofOne: number;
  /** Tries a minute from everywhere: whoever owns many addresses guesses no faster. */
  readonly ofAll: number;
}

const WINDOW_MS = 60_000;

/**
 * Tries that were not right, within a sliding minute. Counted before the try, so that parallel ones count too, and forgiven
 * when it was right. What it remembers is bounded by `ofAll`.
 */
export class Throttle {
  readonly #limits: ThrottleLimits;
  readonly #nowMs: () => number;
  #tries: { readonly atMs: number; readonly network: string }[] = [];

  constructor(limits: ThrottleLimits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Undefined: wait. Otherwise what to call when the try was right. */
  begin(address: string): (() => void) | undefined {
    const network = networkOf(address);
    const nowMs = this.#nowMs();
    this.#tries = this.#tries.filter(({ atMs }) => Math.abs(nowMs - atMs) < WINDOW_MS);
    const own = this.#tries.filter((one) => one.network === network).length;
    if (own >= this.#limits.ofOne || this.#tries.length >= this.#limits.ofAll) return undefined;
    const one = { atMs: nowMs, network };
    this.#tries.push(one);
    return () => {
      this.#tries = this.#tries.filter((other) => other !== one);
    };
  }
}

/** One IPv6 customer owns a whole /64, so that is what counts as one. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = ''] = address.split('::');
  return head.split(':').slice(0, 4).join(':');
}
