import { readStateFile, writeStateFile } from '@nongtin/service';
import type { Timers } from '../timers.ts';

interface UptimeOptions {
  readonly path: string;
  readonly clock: { monotonicMs(): number };
  readonly timers: Timers;
  readonly onError: (error: unknown) => void;
}

interface Saved {
  readonly totalMs: number;
}

/** Of a power cut so much is missing; it is never too much. */
const SAVE_EVERY_MS = 3_600_000;

/** For how long this gateway has run, over all its starts: at least so much time has really passed, whatever clocks say. */
export class Uptime {
  readonly #options: UptimeOptions;
  #beforeMs = 0;
  #startedMs: number;
  #cancel: () => void = () => {};

  constructor(options: UptimeOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
  }

  start(): void {
    const { path, timers, onError } = this.#options;
    try {
      this.#beforeMs = readStateFile(path, isSaved)?.totalMs ?? 0;
    } catch (error) {
      onError(error);
    }
    this.#cancel = timers.every(SAVE_EVERY_MS, () => this.#save());
  }

  stop(): void {
    this.cutOff();
    this.#save();
  }

  cutOff(): void {
    this.#cancel();
  }

  sinceStartMs(): number {
    return this.#options.clock.monotonicMs() - this.#startedMs;
  }

  totalMs(): number {
    return this.#beforeMs + this.sinceStartMs();
  }

  #save(): void {
    try {
      writeStateFile(this.#options.path, { totalMs: Math.floor(this.totalMs()) } satisfies Saved);
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

function isSaved(value: unknown): value is Saved {
  const totalMs: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'totalMs') : undefined;
  return typeof totalMs === 'number' && totalMs >= 0 && Number.isFinite(totalMs);
}
