import type { Logger } from '@nongtin/service';

/** Why the broker refused something. Keys of counters, log lines and the dashboard's list. */
export const REFUSAL_CAUSES = [
  'no_credentials',
  'wrong_password',
  'identifier_rejected',
  'protocol_version',
  'will_not_allowed',
  'too_many_connections',
  'tls_failed',
  'certificate_refused',
  'connect_timeout',
  'keepalive_timeout',
  'publish_not_allowed',
  'subscribe_not_allowed',
  'packet_too_large',
  'protocol_error',
  'not_durable',
  'slow_consumer',
  'too_fast',
  'retained_full',
] as const;

export type RefusalCause = (typeof REFUSAL_CAUSES)[number];

export interface Refusal {
  readonly atMs: number;
  readonly cause: RefusalCause;
  /** Who spoke: an identity, or the user name claimed when none was proved; empty when unknown. */
  readonly identity: string;
  /** Topic or filter it was about; empty when there is none. */
  readonly topic: string;
}

const KEPT = 50;
/** What a stranger chose is shown and logged only this far. */
const MAX_SHOWN = 128;

const MAX_LINES_A_SECOND = 20;

/** Counts every refusal, keeps the newest 50 and logs them, unless somebody makes too many. */
export class Refusals {
  readonly counts: Record<RefusalCause, number>;
  readonly #last: Refusal[] = [];
  readonly #nowMs: () => number;
  readonly #logger: Logger;
  #second = 0;
  #lines = 0;

  constructor(nowMs: () => number, logger: Logger) {
    this.#nowMs = nowMs;
    this.#logger = logger;
    this.counts = Object.fromEntries(REFUSAL_CAUSES.map((cause) => [cause, 0])) as Record<
      RefusalCause,
      number
    >;
  }

  add(cause: RefusalCause, identity = '', topic = ''): void {
    const refusal = {
      atMs: this.#nowMs(),
      cause,
      identity: identity.slice(0, MAX_SHOWN),
      topic: topic.slice(0, MAX_SHOWN),
    };
    this.counts[cause] += 1;
    this.#last.push(refusal);
    if (this.#last.length > KEPT) this.#last.shift();
    this.#log(refusal);
  }

  /** Newest last. */
  last(): readonly Refusal[] {
    return [...this.#last];
  }

  #log({ atMs, ...refusal }: Refusal): void {
    const second = Math.floor(atMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= MAX_LINES_A_SECOND) this.#logger.warn(refusal, 'refused');
  }
}

/** An error given to aedes for something already refused, counted and logged. */
export class Refused extends Error {
  override readonly name = 'Refused';
  /** CONNACK return code (MQTT 3.1.1, 3.2.2.3), which aedes reads; 0 outside CONNECT. */
  readonly returnCode: number;

  constructor(cause: RefusalCause | 'stopping' | 'gone' | 'unavailable', returnCode = 0) {
    super(cause);
    this.returnCode = returnCode;
  }
}

/**
 * The cause of an error that aedes or mqtt-packet found by themselves; undefined for a connection that merely
 * ended (reset, closed while something was being written), which is nobody's fault.
 */
export function causeOf(error: Error): RefusalCause | undefined {
  const { code, errorCode } = error as { code?: string; errorCode?: number };
  if (error instanceof Refused || code !== undefined) return undefined;
  if (errorCode === 1) return 'protocol_version';
  if (errorCode === 2) return 'identifier_rejected';
  switch (error.message) {
    case 'connect did not arrive in time':
      return 'connect_timeout';
    case 'keep alive timeout':
      return 'keepalive_timeout';
    case 'connection closed':
    case 'drain timeout':
    case 'packet received not valid':
      return undefined;
    default:
      return 'protocol_error';
  }
}
