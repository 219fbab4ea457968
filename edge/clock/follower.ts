import type { ClockRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { GatewayClock } from './gateway-clock.ts';
import type { Machine } from './system.ts';
import { type ClockSource, type ClockTrust, follow } from './trust.ts';
import { MOST_TO_FOLLOW_MS } from './word.ts';

interface FollowerOptions {
  readonly clock: GatewayClock;
  readonly machine: Machine;
  readonly setting: ClockTrust;
  readonly logger: Logger;
  /** Our time made a step: the journal tells of it, so that a gap in the series can be explained. */
  readonly onStep: (record: Omit<ClockRecord, 'bootId'>) => Promise<unknown>;
  /** What a person or the cloud told was wrong, by the word of a time server. */
  readonly onWrong: (utcMs: number) => Promise<unknown>;
  /** The machine's clock differs, and is not believed; undefined: no longer. */
  readonly onDispute: (aheadMs: number | undefined) => void;
}

/** More than this is looked at closely, and leaves a record. */
const MINOR_MS = 60_000;
/** Asking the system costs a process; a new answer is worth it so often. */
const ASK_EVERY_MS = 10_000;

/** Keeps a trusted clock in step with the machine's (trust.ts says how). */
export class WallFollower {
  readonly #options: FollowerOptions;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #differsSinceMs: number | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** One look. `source`: who told our time. Whether the machine's clock is what we go by from here on. */
  async look(source: ClockSource | null): Promise<boolean> {
    const { clock, machine, setting } = this.#options;
    const monotonicMs = clock.monotonicMs();
    const isLarge = Math.abs(clock.wallAheadMs()) > MINOR_MS;
    const isOthers = source !== 'system';
    if (!isLarge) this.#differsSinceMs = undefined;
    else this.#differsSinceMs ??= monotonicMs;
    let sync: Awaited<ReturnType<Machine['time']>>['sync'] = 'unknown';
    if (isLarge || isOthers) {
      if (monotonicMs - this.#askedAtMs < ASK_EVERY_MS) return !isOthers;
      this.#askedAtMs = monotonicMs;
      sync = (await machine.time()).sync;
    }
    if (setting === 'trusted') sync = 'synchronized';
    // A person or the cloud told the time because the machine did not know it: until a time server has told the machine.
    if (isOthers && sync !== 'synchronized') return false;
    if (isOthers && Math.abs(clock.wallAheadMs()) > MOST_TO_FOLLOW_MS) {
      await this.#options.onWrong(clock.nowMs() + clock.wallAheadMs());
      return true;
    }
    await this.#follow(sync, monotonicMs - (this.#differsSinceMs ?? monotonicMs));
    return true;
  }

  async #follow(sync: Parameters<typeof follow>[0]['sync'], standsForMs: number): Promise<void> {
    const { clock, logger, onDispute } = this.#options;
    const aheadMs = clock.wallAheadMs();
    const what = follow({ aheadMs, standsForMs, sync });
    if (what === 'slew') clock.slew(aheadMs);
    else if (what === 'half speed') clock.halveSpeed();
    else if (what === 'step') await this.#step(aheadMs);
    else clock.runFree();
    if (what === 'dispute') onDispute(aheadMs);
    else if (what !== 'wait') onDispute(undefined);
    if (Math.abs(aheadMs) > MINOR_MS)
      logger.warn({ aheadMs, sync, what }, 'the machine’s clock differs from the gateway’s');
  }

  async #step(aheadMs: number): Promise<void> {
    const { clock, onStep } = this.#options;
    const provisionalMs = clock.nowMs();
    clock.trust(provisionalMs + aheadMs);
    const utcMs = clock.nowMs();
    if (aheadMs > MINOR_MS)
      await onStep({ kind: 'clock', atMs: utcMs, provisionalMs, utcMs, source: 'system' });
  }
}
