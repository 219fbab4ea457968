/** Failed tries per peer within a sliding minute. Counting begins before the try, so that parallel ones count too. */
export class Attempts {
  readonly #limit: number;
  readonly #nowMs: () => number;
  readonly #tries = new Map<string, number[]>();

  constructor(limit: number, nowMs: () => number) {
    this.#limit = limit;
    this.#nowMs = nowMs;
  }

  /** False when this peer has to wait; otherwise the try is counted. */
  begin(address: string): boolean {
    const peer = networkOf(address);
    const now = this.#nowMs();
    const recent = (this.#tries.get(peer) ?? []).filter((at) => now - at < WINDOW_MS);
    if (recent.length >= this.#limit) return false;
    this.#tries.set(peer, [...recent, now]);
    if (this.#tries.size > MAX_PEERS) this.#forgetOldest();
    return true;
  }

  /** The try was right: nothing of this peer counts any more. */
  succeeded(address: string): void {
    this.#tries.delete(networkOf(address));
  }

  #forgetOldest(): void {
    const [oldest] = this.#tries.keys();
    if (oldest !== undefined) this.#tries.delete(oldest);
  }
}

const WINDOW_MS = 60_000;
const MAX_PEERS = 10_000;

/** One IPv6 customer owns a whole /64, so that is what counts as one peer. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = ''] = address.split('::');
  return head.split(':').slice(0, 4).join(':');
}
