import type { FarmClock } from '../time/farm-clock.ts';

/** Timers by name that hang on one power supply: setting one anew replaces it, and a power cut takes them all. */
export class Countdowns {
  readonly #clock: FarmClock;
  readonly #running = new Map<string, { readonly endMs: number; readonly cancel: () => void }>();

  constructor(clock: FarmClock) {
    this.#clock = clock;
  }

  set(name: string, seconds: number, run: () => void): void {
    this.clear(name);
    const endMs = this.#clock.nowMs() + seconds * 1000;
    const cancel = this.#clock.after(seconds, () => {
      this.#running.delete(name);
      run();
    });
    this.#running.set(name, { endMs, cancel });
  }

  runs(name: string): boolean {
    return this.#running.has(name);
  }

  /** Seconds that are left; 0 when it does not run. */
  left(name: string): number {
    const timer = this.#running.get(name);
    return timer === undefined ? 0 : Math.max(0, (timer.endMs - this.#clock.nowMs()) / 1000);
  }

  clear(name: string): void {
    this.#running.get(name)?.cancel();
    this.#running.delete(name);
  }

  clearAll(): void {
    for (const name of [...this.#running.keys()]) this.clear(name);
  }
}
