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

/**
 * What counts as one client: an IPv4 address, and of IPv6 the first `bits`: one customer owns a whole /64, and who has an
 * address range of his own mostly a /48 or a few.
 */
export function networkOf(address: string, bits: 64 | 48 = 64): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((group) => group !== '')) as [
    string[],
    string[],
  ];
  // An IPv4 address at the end stands for two groups; the gap is whatever is missing.
  const gap = 8 - before.length - after.length - (address.includes('.') ? 1 : 0);
  const groups = [...before, ...Array<string>(Math.max(0, gap)).fill('0'), ...after];
  return groups
    .slice(0, bits / 16)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
