interface Try {
  readonly atMs: number;
  /** undefined: what was sent names nobody. */
  readonly email: string | undefined;
}

/**
 * Failed tries per peer within a sliding minute. Counting begins before the try, so that parallel ones count too. A right
 * try forgives only those for the same e-mail: whoever knows one password may not guess at others for ever.
 */
export class Attempts {
  readonly #limit: number;
  readonly #nowMs: () => number;
  readonly #tries = new Map<string, readonly Try[]>();

  constructor(limit: number, nowMs: () => number) {
    this.#limit = limit;
    this.#nowMs = nowMs;
  }

  /** False when this peer has to wait; otherwise the try is counted. */
  begin(address: string, email: string | undefined): boolean {
    const peer = networkOf(address);
    const now = this.#nowMs();
    const recent = (this.#tries.get(peer) ?? []).filter(({ atMs }) => now - atMs < WINDOW_MS);
    if (recent.length >= this.#limit) return false;
    this.#tries.set(peer, [...recent, { atMs: now, email: nameOf(email) }]);
    if (this.#tries.size > MAX_PEERS) this.#forgetOldest();
    return true;
  }

  /** The try was right: nothing that this peer tried for this e-mail counts any more. */
  succeeded(address: string, email: string): void {
    const peer = networkOf(address);
    const rest = (this.#tries.get(peer) ?? []).filter((one) => one.email !== nameOf(email));
    if (rest.length === 0) this.#tries.delete(peer);
    else this.#tries.set(peer, rest);
  }

  #forgetOldest(): void {
    const [oldest] = this.#tries.keys();
    if (oldest !== undefined) this.#tries.delete(oldest);
  }
}

const WINDOW_MS = 60_000;
const MAX_PEERS = 10_000;
/** RFC 5321; what is longer names nobody, and is not kept. */
const LONGEST_EMAIL = 254;

/** Upper and lower case are the same person. */
function nameOf(email: string | undefined): string | undefined {
  return email === undefined || email.length > LONGEST_EMAIL ? undefined : email.toLowerCase();
}

/** One IPv6 customer owns a whole /64, so that is what counts as one peer. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = ''] = address.split('::');
  return head.split(':').slice(0, 4).join(':');
}
