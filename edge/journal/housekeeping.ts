import { parseRecord, type ThinnedRecord } from '@nongtin/broker/wire';
import type { UpkeepReport } from './protocol.ts';
import type { Schedule } from './schedule.ts';
import type { JournalFill } from './types.ts';

interface HousekeepingOptions {
  /** One turn in the thread. Its answer is handed to `take` as well. */
  readonly turn: (mayPack: boolean) => Promise<UpkeepReport>;
  readonly schedule: Schedule;
  readonly onProblem: (error: Error) => void;
}

/** After something was written; while nothing is, nothing wakes up. */
const TURN_MS = 5_000;
const BUSY_TURN_MS = 100;
/** So much at once is not left waiting for the next turn. */
const MUCH_BYTES = 8 * 1024 * 1024;
/** Above so much in one turn's time there is no time to pack. */
const BUSY_BYTES = 2 * 1024 * 1024;

/** The near end of the journal's housekeeping: when it has a turn, what came of it, and how full the journal is. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #listeners = new Set<(record: ThinnedRecord) => void>();
  #fill: Omit<JournalFill, 'entries'> = { bytes: 0, limitBytes: 0, thinnedEntries: 0 };
  #cancel: (() => void) | undefined;
  #isTurning = false;
  #bytes = 0;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  get fill(): Omit<JournalFill, 'entries'> {
    return this.#fill;
  }

  onThinned(listener: (record: ThinnedRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  begin(fill: Omit<JournalFill, 'entries'>): void {
    this.#fill = fill;
    this.#plan(TURN_MS);
  }

  /** Called after each commit. */
  wrote(bytes: number): void {
    this.#bytes += bytes;
    if (this.#isTurning) return;
    if (this.#cancel === undefined) this.#plan(TURN_MS);
    else if (this.#bytes > MUCH_BYTES) this.#plan(0);
  }

  take({ thinned, fill }: Pick<UpkeepReport, 'thinned' | 'fill'>): void {
    this.#fill = fill;
    for (const payload of thinned) {
      const record = parseRecord(payload);
      if (record.kind !== 'thinned') continue;
      for (const listener of this.#listeners) listener(record);
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isTurning = true;
  }

  #plan(delayMs: number): void {
    this.#cancel?.();
    this.#isTurning = false;
    this.#cancel = this.#options.schedule(() => void this.#turn(), delayMs);
  }

  async #turn(): Promise<void> {
    this.#cancel = undefined;
    this.#isTurning = true;
    const mayPack = this.#bytes < BUSY_BYTES;
    this.#bytes = 0;
    try {
      const report = await this.#options.turn(mayPack);
      this.take(report);
      this.#isTurning = false;
      if (report.more) this.#plan(BUSY_TURN_MS);
    } catch (error) {
      this.#isTurning = false;
      this.#options.onProblem(error as Error);
    }
  }
}
