import type { Reason } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';

/** What the cloud did not take, and why. */
export interface Refused {
  readonly number: number;
  /** One of the cloud's kinds of refusal; '' when it gave none. */
  readonly kind: string;
  readonly reason: string;
  readonly atMs: number;
}

interface Alarms {
  raise(source: string, severity: 'high' | 'low', reason: Reason): void;
  clear(source: string, key: string): void;
}

const SOURCE = 'uplink';
const OTHER = 'cloud_refuses';
/**
 * High: the journal contradicts what the cloud holds, or is not believed; nothing comes through until a person has looked.
 * Low: it waits for somebody or something in the cloud.
 */
const KEYS: Readonly<Record<string, { readonly key: string; readonly severity: 'high' | 'low' }>> = {
  fork: { key: 'cloud_refuses_fork', severity: 'high' },
  gap: { key: 'cloud_refuses_gap', severity: 'high' },
  signature: { key: 'cloud_refuses_signature', severity: 'high' },
  revoked: { key: 'cloud_refuses_revoked', severity: 'high' },
  lacking: { key: 'cloud_holds_more', severity: 'high' },
  not_registered: { key: 'cloud_refuses_unregistered', severity: 'low' },
};

/**
 * The refusal that stands. One that still stands when it was tried again is an alarm: the first may be over by itself,
 * as when a gateway connects before it is registered, or a cloud has lost its disk.
 */
export class Refusals {
  readonly #clock: { nowMs(): number };
  readonly #logger: Logger;
  #alarms: Alarms | undefined;
  #last: Refused | undefined;

  constructor(clock: { nowMs(): number }, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  get last(): Refused | null {
    return this.#last ?? null;
  }

  attach(alarms: Alarms): void {
    this.#alarms = alarms;
  }

  note({ number, kind = '', reason }: { number: number; kind?: string; reason: string }): void {
    const before = this.#last;
    const refused = { number, kind, reason: reason.slice(0, 500), atMs: this.#clock.nowMs() };
    this.#last = refused;
    this.#logger.warn({ number, kind, reason: refused.reason }, 'the cloud refused an entry');
    if (before?.number !== number || before.kind !== kind) return;
    const { key, severity } = KEYS[kind] ?? { key: OTHER, severity: 'low' };
    this.#alarms?.raise(SOURCE, severity, { key, figures: { number, reason: refused.reason } });
  }

  /** The cloud has taken entries: whatever it refused before is over, also what an earlier start raised an alarm for. */
  over(): void {
    this.#last = undefined;
    for (const key of [OTHER, ...Object.values(KEYS).map((one) => one.key)]) this.#alarms?.clear(SOURCE, key);
  }
}
