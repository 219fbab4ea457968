import { MOST_ENTRIES } from './batch.ts';

interface Next {
  /** The newest entry that went out, and the newest there is. */
  readonly sentUpTo: number;
  readonly lastNumber: number;
  readonly nowMs: number;
}

/**
 * Which entries may wait for company (pure; milliseconds of a monotonic clock). Fifty sensors that speak once a minute make
 * an entry a second, and a message that carries one of them costs some 600 bytes around it, paid by the megabyte. So:
 * after a quiet time an entry goes at once; after a message readings gather until its time is over, or a message is full.
 * What is urgent goes at once and takes along what was before it, and so does what a new connection finds.
 */
export class Gathering {
  readonly #gatherMs: number;
  #dueUpTo = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;

  /** 0: nothing ever waits. */
  constructor(gatherMs: number) {
    this.#gatherMs = gatherMs;
  }

  /** Everything up to this entry is to go now. */
  due(number: number): void {
    this.#dueUpTo = Math.max(this.#dueUpTo, number);
  }

  sent(nowMs: number): void {
    this.#sentAtMs = nowMs;
  }

  /** How long what comes next is to wait; 0: it may go, and with it all there is now. */
  waitMs({ sentUpTo, lastNumber, nowMs }: Next): number {
    if (sentUpTo < this.#dueUpTo) return 0;
    const leftMs = this.#sentAtMs + this.#gatherMs - nowMs;
    if (leftMs > 0 && lastNumber - sentUpTo < MOST_ENTRIES) return leftMs;
    this.due(lastNumber);
    return 0;
  }
}
