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
/** Of a kind that has no words of its own. */
const OTHER = 'cloud_refuses';
/**
 * High: the journal contradicts what the cloud holds, or is not believed; nothing comes through until a person has looked.
 * Low, as all others: it waits for somebody or something in the cloud.
 */
const SEVERITIES: Readonly<Record<string, 'high' | 'low'>> = {
  ...{ fork: 'high', gap: 'high', signature: 'high', revoked: 'high', lacking: 'high' },
  not_registered: 'low',
};

/**
 * The refusal that stands. One that still stands when it was tried again is an alarm: the first may be over by itself,
 * as when a gateway connects before it is registered, or a cloud has lost its disk.
 */
export class Refusals {
  readonly #clock: { nowMs(): number };
  readonly #logger: Logger;
  readonly #onRevoked: ((reason: string) => void) | undefined;
  #alarms: Alarms | undefined;
  #last: Refused | undefined;

  /** `onRevoked`: told why, each time; who listens raises the alarm. */
  constructor(clock: { nowMs(): number }, logger: Logger, onRevoked?: (reason: string) => void) {
    this.#clock = clock;
    this.#logger = logger;
    this.#onRevoked = onRevoked;
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
    if (kind === 'revoked' && this.#onRevoked !== undefined) {
      this.#onRevoked(refused.reason.replace(/^gateway revoked(: )?/, ''));
      return;
    }
    if (before?.number !== number || before.kind !== kind) return;
    const figures = { number, reason: refused.reason };
    this.#alarms?.raise(SOURCE, SEVERITIES[kind] ?? 'low', { key: keyOf(kind), figures });
  }

  /** The cloud has taken entries: whatever it refused before is over, also what an earlier start raised an alarm for. */
  over(): void {
    this.#last = undefined;
    for (const kind of ['', ...Object.keys(SEVERITIES)]) this.#alarms?.clear(SOURCE, keyOf(kind));
  }
}

function keyOf(kind: string): string {
  return Object.hasOwn(SEVERITIES, kind) ? `${OTHER}_${kind}` : OTHER;
}
