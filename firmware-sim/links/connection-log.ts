import type { Logger } from '@nongtin/service';
import type { Scheduler } from '../time/scheduler.ts';
import type { LinkWatcher } from './mqtt-link.ts';

const QUIET_MS = 60_000;
/** Devices lose and find their broker together; their words are gathered for so long. */
const GATHER_MS = 1_500;

/** Says for all devices together how the connection is: each change once, and a lasting trouble once a minute. */
export class ConnectionLog implements LinkWatcher {
  readonly #devices: ReadonlySet<string>;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  readonly #connected = new Set<string>();
  #lastTroubleMs = Number.NEGATIVE_INFINITY;
  #isToldWell = false;
  /** Undefined as long as no connection has failed: devices that are still connecting are no trouble. */
  #reason: string | undefined;
  #cancel: (() => void) | undefined;

  constructor(devices: readonly string[], scheduler: Scheduler, logger: Logger) {
    this.#devices = new Set(devices);
    this.#scheduler = scheduler;
    this.#logger = logger;
  }

  connected(device: string): void {
    this.#connected.add(device);
    this.#gather();
  }

  disconnected(device: string, reason: string): void {
    this.#connected.delete(device);
    this.#reason = reason;
    this.#gather();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = () => undefined;
  }

  #gather(): void {
    this.#cancel ??= this.#scheduler.after(GATHER_MS, () => {
      this.#cancel = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    const missing = this.#devices.size - this.#connected.size;
    if (missing === 0) {
      if (!this.#isToldWell) this.#logger.info({ devices: this.#devices.size }, 'all devices connected');
      this.#isToldWell = true;
      this.#reason = undefined;
      return;
    }
    const nowMs = this.#scheduler.monotonicMs();
    if (this.#reason === undefined || nowMs - this.#lastTroubleMs < QUIET_MS) return;
    this.#lastTroubleMs = nowMs;
    this.#isToldWell = false;
    this.#logger.warn(
      { connected: this.#connected.size, missing, reason: this.#reason },
      'broker not reached by all devices; they keep trying',
    );
  }
}
