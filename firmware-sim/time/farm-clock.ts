import type { Scheduler } from './scheduler.ts';

/** The farm's own time: it runs `speed` times as fast as the scheduler's, from `startMs`. */
export class FarmClock {
  readonly #scheduler: Scheduler;
  readonly #startMs: number;
  readonly #startedMonotonicMs: number;
  readonly #speed: number;
  /** What calls off each timer that still waits. */
  readonly #waiting = new Set<() => void>();

  constructor(scheduler: Scheduler, { startMs, speed }: { startMs: number; speed: number }) {
    this.#scheduler = scheduler;
    this.#startMs = startMs;
    this.#speed = speed;
    this.#startedMonotonicMs = scheduler.monotonicMs();
  }

  /** The farm's time, UTC milliseconds. */
  nowMs(): number {
    return this.#startMs + (this.#scheduler.monotonicMs() - this.#startedMonotonicMs) * this.#speed;
  }

  /** What a clock on a wall outside shows, UTC milliseconds; devices and gateways live by it. */
  wallMs(): number {
    return this.#scheduler.nowMs();
  }

  /** Calls `run` once, when so many seconds have passed on the farm; the answer calls it off. */
  after(farmSeconds: number, run: () => void): () => void {
    const callOff = this.#scheduler.after((farmSeconds * 1000) / this.#speed, () => {
      this.#waiting.delete(callOff);
      run();
    });
    this.#waiting.add(callOff);
    return () => {
      this.#waiting.delete(callOff);
      callOff();
    };
  }

  /** Seconds on the farm in which so many pass outside. */
  farmSeconds(realSeconds: number): number {
    return realSeconds * this.#speed;
  }

  /** Calls `run` after `firstSeconds` and then every `periodSeconds`, until the answer is called. */
  every(times: { firstSeconds: number; periodSeconds: number }, run: () => void): () => void {
    let cancel = this.after(times.firstSeconds, () => tick());
    const tick = () => {
      cancel = this.after(times.periodSeconds, tick);
      run();
    };
    return () => cancel();
  }

  /** Calls off everything that still waits: some of it outlives the power of whoever began it. */
  stop(): void {
    for (const callOff of this.#waiting) callOff();
    this.#waiting.clear();
  }
}
