interface Pending {
  readonly kind: 'on' | 'off';
  readonly dueMs: number;
  readonly run: () => void;
}

/**
 * On-delay and off-delay (ISA-18.2, 16.5): a condition counts once it has been fulfilled, or over, for so long without a pause.
 * Monotonic ms.
 */
export class Delays {
  readonly #pending = new Map<string, Pending>();

  /**
   * Runs it when the delay is over since this was said first, or since `sinceMs` where it is known to have been so before; the newest
   * of what is handed in meanwhile.
   */
  after(
    kind: Pending['kind'],
    id: string,
    { delayMs, sinceMs }: { readonly delayMs: number; readonly sinceMs?: number | undefined },
    nowMs: number,
    run: () => void,
  ): void {
    const pending = this.#pending.get(id);
    const knownMs = (sinceMs ?? nowMs) + delayMs;
    const dueMs = pending?.kind === kind ? Math.min(pending.dueMs, knownMs) : knownMs;
    if (nowMs >= dueMs) {
      this.#pending.delete(id);
      run();
    } else this.#pending.set(id, { kind, dueMs, run });
  }

  /** It is fulfilled again: what was about to count as over does not. */
  goesOn(id: string): void {
    if (this.#pending.get(id)?.kind === 'off') this.#pending.delete(id);
  }

  /** It is over before it counted. */
  isOver(id: string): void {
    if (this.#pending.get(id)?.kind === 'on') this.#pending.delete(id);
  }

  pass(nowMs: number): void {
    for (const [id, { dueMs, run }] of this.#pending) {
      if (nowMs < dueMs) continue;
      this.#pending.delete(id);
      run();
    }
  }
}
