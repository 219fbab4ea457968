import { networkOf } from '../enrolment/throttle.ts';
import { Suspects } from './suspects.ts';

export interface GuessLimits {
  /** Unknown serials a minute from one network (an IPv4 address, an IPv6 /64); default 30. */
  readonly ofOne?: number;
  /** Unknown serials a minute from everywhere; default 600. */
  readonly ofAll?: number;
}

const WINDOW_MS = 60_000;
const SUSPECT_MS = 3_600_000;

/**
 * Serials that look right and are none, by who asks. Only they count: slips are caught by the check character before, and
 * genuine stamps are forgiven. Once there are too many from everywhere, whoever has guessed within the hour waits, and whoever
 * has not is answered as ever: nobody can have buyers refused by guessing a lot. Who has guessed is remembered by sites (an IPv4
 * address, an IPv6 /48): a /48 has 65,536 networks, and is had for the asking. What that leaves to chance: docs/stamps.md.
 */
export class GuessLimit {
  readonly #ofOne: number;
  readonly #ofAll: number;
  readonly #nowMs: () => number;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #all = 0;
  #ofNetworks = new Map<string, number>();
  #ofSites = new Map<string, number>();
  readonly #suspects = new Suspects(SUSPECT_MS);

  constructor(nowMs: () => number, { ofOne = 30, ofAll = 600 }: GuessLimits = {}) {
    this.#nowMs = nowMs;
    this.#ofOne = ofOne;
    this.#ofAll = ofAll;
  }

  /** Counted before it is answered, so that parallel ones count too. Undefined: wait a minute. Else: call it with the answer. */
  begin(address: string): ((isGuess: boolean) => void) | undefined {
    const nowMs = this.#nowMs();
    if (Math.abs(nowMs - this.#windowStartMs) >= WINDOW_MS) this.#newWindow(nowMs);
    const [network, site] = [networkOf(address), networkOf(address, 48)];
    if ((this.#ofNetworks.get(network) ?? 0) >= this.#ofOne) return undefined;
    // One that is not answered yet may be a guess.
    const isSuspect = this.#ofSites.has(site) || this.#suspects.has(site, nowMs);
    if (isSuspect && this.#all >= this.#ofAll) return undefined;
    this.#add(network, site, 1);
    const window = this.#windowStartMs;
    return (isGuess) => {
      if (isGuess) this.#suspects.note(site, nowMs);
      else if (window === this.#windowStartMs) this.#add(network, site, -1);
    };
  }

  #newWindow(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#all = 0;
    this.#ofNetworks = new Map();
    this.#ofSites = new Map();
  }

  #add(network: string, site: string, count: number): void {
    this.#all += count;
    addTo(this.#ofNetworks, network, count);
    addTo(this.#ofSites, site, count);
  }
}

function addTo(counts: Map<string, number>, name: string, count: number): void {
  const next = (counts.get(name) ?? 0) + count;
  if (next > 0) counts.set(name, next);
  else counts.delete(name);
}
