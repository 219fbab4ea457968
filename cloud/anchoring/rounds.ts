import type { Logger } from '@nongtin/service';
import { ChainProblem, type ChainProblemKind } from './chain-port.ts';
import { RpcError } from './http-rpc.ts';

export interface RoundsStatus {
  /** `starting` until the first round has ended. */
  readonly state: 'starting' | 'ok' | ChainProblemKind | 'our_fault';
  readonly message: string;
  readonly sinceMs: number;
}

export interface RoundsOptions {
  /** What works in rounds, as logs and messages call it. */
  readonly name: string;
  /** One round; rejects with a ChainProblem when the chain is to blame. */
  readonly round: () => Promise<void>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Seconds between rounds; longer, up to ten times, while they fail. */
  readonly tickSeconds: number;
}

/** Rounds of whoever speaks with the chain, one after the other, whoever asks for them. */
export class Rounds {
  readonly #options: RoundsOptions;
  #status: RoundsStatus;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = true;

  constructor(options: RoundsOptions) {
    this.#options = options;
    this.#status = { state: 'starting', message: '', sinceMs: options.clock.nowMs() };
  }

  start(): void {
    this.#stopped = false;
    this.#schedule(0);
  }

  /** Waits for the round under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** One round, also called by the timer. Never rejects: what went wrong stands in `status`. */
  tick(): Promise<void> {
    // Two rounds at once could sign two transactions for one thing.
    this.#running = this.#running.then(() => this.#guardedRound());
    return this.#running;
  }

  status(): RoundsStatus {
    return this.#status;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.tick().then(() => this.#schedule(tickDelayMs(this.#options.tickSeconds, this.#failures)));
    }, delayMs);
  }

  async #guardedRound(): Promise<void> {
    const { name, round } = this.#options;
    try {
      await round();
      this.#failures = 0;
      this.#report('ok', '');
    } catch (error) {
      // Who holds off on purpose wants to see soon that it need not any more.
      if (!(error instanceof ChainProblem && error.kind === 'held')) this.#failures += 1;
      if (error instanceof ChainProblem) this.#report(error.kind, error.message);
      else if (error instanceof RpcError) {
        const message = `The endpoint refuses a question (${error.message}); what waits is kept and sent later.`;
        this.#report('unreachable', message, error);
      } else this.#report('our_fault', `the ${name} failed; see the log`, error);
    }
  }

  #report(state: RoundsStatus['state'], message: string, error?: unknown): void {
    const { name: of, clock, logger } = this.#options;
    if (state === this.#status.state && message === this.#status.message) return;
    this.#status = { state, message, sinceMs: clock.nowMs() };
    if (state === 'ok') logger.info({ of }, 'the chain answers');
    else logger.warn({ of, state, ...(error === undefined ? {} : { err: error }) }, message);
  }
}

/** Doubles with each failure in a row, up to ten times the tick. */
export function tickDelayMs(tickSeconds: number, failures: number): number {
  return tickSeconds * 1000 * Math.min(10, 2 ** failures);
}
