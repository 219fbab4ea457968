import type { Scheduler } from './scheduler.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  /** Undefined once it was called off. */
  run: (() => void) | undefined;
}

/**
 * A scheduler whose time moves only when somebody says so: a season passes as fast as the work in it is done. Timers that
 * are due at the same instant run in the order in which they were set.
 */
export class VirtualScheduler implements Scheduler {
  readonly #startMs: number;
  #elapsedMs = 0;
  #order = 0;
  /** A binary heap: the next timer stands first. */
  readonly #heap: Timer[] = [];

  /** @param startMs the wall clock at the beginning, milliseconds since 1970 UTC */
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
    const timer: Timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order, run };
    this.#push(timer);
    return () => {
      timer.run = undefined;
    };
  }

  /** Wall clock of the next timer, or undefined when nothing waits. */
  nextAtMs(): number | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].run === undefined) this.#pop();
    const next = this.#heap[0];
    return next && this.#startMs + next.atMs;
  }

  /** Goes to the next timer and runs it; false when nothing waits. For who must do work of his own in between. */
  step(): boolean {
    if (this.nextAtMs() === undefined) return false;
    const timer = this.#pop();
    if (timer === undefined) return false;
    this.#elapsedMs = timer.atMs;
    timer.run?.();
    return true;
  }

  /** Runs every timer that becomes due, in order. */
  advance(milliseconds: number): void {
    const endMs = this.#elapsedMs + milliseconds;
    for (let next = this.nextAtMs(); next !== undefined; next = this.nextAtMs()) {
      if (next - this.#startMs > endMs) break;
      this.step();
    }
    this.#elapsedMs = endMs;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(timer, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const child = b !== undefined && isBefore(b, a) ? left + 1 : left;
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
