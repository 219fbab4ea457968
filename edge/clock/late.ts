import { setTimeout as delay } from 'node:timers/promises';
import { isUndated } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { DeliveredJournal, SeriesDelivery } from '../delivery/index.ts';
import type { JournalEntry } from '../journal/index.ts';
import type { Doubt } from './boots.ts';
import type { Held } from './dating.ts';

interface LateDeliveryOptions {
  readonly logger: Logger;
  readonly journal: DeliveredJournal;
  readonly keeper: {
    onDated(listener: (bootId: string) => void): void;
    held(bootId: string): Held | undefined;
    delivered(bootId: string): void;
    onDoubted(listener: (doubt: Doubt) => void): void;
    told(doubt: Doubt): void;
  };
  /** The store holds all entries up to this one, but for those that wait. */
  readonly deliveredUpTo: () => number;
  /** A delivery to the series store that reads this instead of the whole journal. */
  readonly deliver: (held: DeliveredJournal) => Pick<SeriesDelivery, 'start' | 'stop'>;
  /** Waits; handed in by tests. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

const LOOK_EVERY_MS = 200;
const RETRY_MS = 5_000;

/**
 * Delivers what the delivery passed over because it had no date, as soon as it has one: boot after boot, beside the
 * delivery of what arrives now; and once more, with a flag, what was dated by a word that proved wrong. A kill in between
 * means that some lines are written again, which changes nothing.
 */
export class LateDelivery {
  readonly #options: LateDeliveryOptions;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  readonly #ending = Promise.withResolvers<void>();
  readonly #pause: (ms: number) => Promise<unknown>;
  #interrupt = () => {};

  constructor(options: LateDeliveryOptions) {
    this.#options = options;
    this.#pause = options.pause ?? ((ms) => delay(ms, undefined, { ref: false }));
  }

  start(): void {
    this.#options.keeper.onDated((bootId) => this.#enqueue(() => this.#deliver(bootId)));
    this.#options.keeper.onDoubted((doubt) => this.#enqueue(() => this.#flag(doubt)));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#interrupt();
    this.#ending.resolve();
    await this.#running;
  }

  /** Until it is done: rollups wait for it. */
  #enqueue(work: () => Promise<void>): void {
    this.#running = this.#running.then(async () => {
      while (!this.#isStopped && !(await this.#isDone(work)))
        await Promise.race([this.#pause(RETRY_MS), this.#ending.promise]);
    });
  }

  async #isDone(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#options.logger.error(
        { err: error },
        'readings that were dated are not delivered yet; tried again',
      );
      return false;
    }
  }

  async #deliver(bootId: string): Promise<void> {
    const { keeper, journal, deliver } = this.#options;
    const held = keeper.held(bootId);
    const isWaiting = (entry: JournalEntry) => isUndated(entry.payload);
    if (held === undefined || (await this.#carry(entriesOf(journal, bootId, held, isWaiting), deliver)))
      keeper.delivered(bootId);
  }

  /** What the delivery has under way has no flag: it must be there first. */
  async #flag(doubt: Doubt): Promise<void> {
    const { keeper, journal, deliver, deliveredUpTo } = this.#options;
    while (!this.#isStopped && deliveredUpTo() < doubt.lastNumber) await this.#pause(LOOK_EVERY_MS);
    if (this.#isStopped) return;
    const all = entriesOf(journal, doubt.bootId, doubt, () => true);
    if (await this.#carry(all, deliver)) keeper.told(doubt);
  }

  /** Whether everything is in the store; false when we were stopped before. */
  async #carry({ view, done }: HeldEntries, deliver: LateDeliveryOptions['deliver']): Promise<boolean> {
    const delivery = deliver(view);
    const stopped = new Promise<false>((resolve) => {
      this.#interrupt = () => resolve(false);
    });
    await delivery.start();
    const isDone = await Promise.race([done, stopped]);
    await delivery.stop();
    return isDone;
  }
}

interface HeldEntries {
  readonly view: DeliveredJournal;
  /** Resolves when a reader has dealt with the last of them. */
  readonly done: Promise<true>;
}

/** The journal as if it held nothing but these entries of one boot. */
function entriesOf(
  journal: DeliveredJournal,
  bootId: string,
  { firstNumber, lastNumber }: Pick<Held, 'firstNumber' | 'lastNumber'>,
  isMeant: (entry: JournalEntry) => boolean,
): HeldEntries {
  const done = Promise.withResolvers<true>();
  const waited = (entry: JournalEntry) =>
    entry.bootId === bootId && entry.count > 0 && isMeant(entry)
      ? entry
      : { ...entry, count: 0, payload: '' };
  const view: DeliveredJournal = {
    read: async (after, limit) =>
      (await journal.read(after, limit)).filter(({ number }) => number <= lastNumber).map(waited),
    lastNumber: () => lastNumber,
    cursor: async () => firstNumber - 1,
    moveCursor: async (_name, number) => {
      if (number >= lastNumber) done.resolve(true);
    },
    onCommit: () => () => {},
  };
  return { view, done: done.promise };
}
