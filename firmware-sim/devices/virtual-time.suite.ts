import type { Scheduler } from './time.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A scheduler whose time moves only when a test says so. */
export class VirtualTime implements Scheduler {
  readonly #startMs: number;
  #elapsedMs = 0;
  #order = 0;
  #timers: Timer[] = [];

  constructor(startMs = Date.UTC(2026, 2, 10, 1, 0, 0)) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, run: () => void): () => void {
    this.#order += 1;
    const timer = { atMs: this.#elapsedMs + delayMs, order: this.#order, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Runs every timer that becomes due, in order. */
  advance(milliseconds: number): void {
    const endMs = this.#elapsedMs + milliseconds;
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      const due = timer;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#elapsedMs = due.atMs;
      due.run();
    }
    this.#elapsedMs = endMs;
  }

  #next(endMs: number): Timer | undefined {
    const [first] = this.#timers
      .filter((timer) => timer.atMs <= endMs)
      .sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    return first;
  }
}
