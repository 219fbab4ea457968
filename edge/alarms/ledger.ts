import type { AlarmRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { Outbox } from './outbox.ts';
import { pointId, ranks } from './record.ts';

export interface LedgerOptions {
  readonly journal: {
    appendRecord(record: AlarmRecord): Promise<number>;
    /** Newest first. */
    records(kind: 'alarm', limit: number): Promise<readonly AlarmRecord[]>;
  };
  /** An alarm's record as of now, by its point; undefined: there is nothing to remember of it. */
  readonly again: (id: string) => AlarmRecord | undefined;
  readonly logger: Logger;
}

/** How far back the journal is searched … */
const MOST_READ = 10_000;
/** … so one that stands is written again before its record is so far back. */
const CARRIED_AFTER = 5_000;

/**
 * Alarms in the journal. What is critical or high is written at once, because locks are restored from it; what is low at a bounded pace
 * in a storm, of each alarm the newest state.
 */
export class AlarmLedger {
  readonly #options: LedgerOptions;
  readonly #outbox: Outbox<AlarmRecord>;
  /** How many records had been written when each point's newest was; the oldest first. */
  readonly #writtenAt = new Map<string, number>();
  #written = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#outbox = new Outbox({
      ...{ burst: 300, perMinute: 120, rank: ({ severity }) => ranks[severity] },
      send: (record) => this.#write(record),
    });
  }

  /** The newest record of each alarm, the newest first. */
  async read(): Promise<AlarmRecord[]> {
    const seen = new Set<string>();
    const newestFirst = await this.#options.journal.records('alarm', MOST_READ);
    const oldestFirst = newestFirst.map((record, age) => [idOf(record), -age] as const).reverse();
    for (const [id, at] of oldestFirst) this.#note(id, at);
    return newestFirst.filter(({ alarmId }) => !seen.has(alarmId) && seen.add(alarmId));
  }

  put(record: AlarmRecord, monotonicMs: number): void {
    const id = idOf(record);
    if (record.severity === 'low') this.#outbox.put(id, record, monotonicMs);
    else this.#outbox.putUrgent(id, record, monotonicMs);
  }

  pass(monotonicMs: number): void {
    this.#outbox.pass(monotonicMs);
  }

  /** Writes whatever waits for its turn. */
  flush(): void {
    this.#outbox.flush();
  }

  #write(record: AlarmRecord): void {
    this.#written += 1;
    this.#note(idOf(record), this.#written);
    const { journal, logger } = this.#options;
    journal.appendRecord(record).catch((error: unknown) => {
      logger.error({ err: error, alarm: record }, 'alarm is not in the journal');
    });
    this.#carryOldest();
  }

  #note(id: string, at: number): void {
    this.#writtenAt.delete(id);
    this.#writtenAt.set(id, at);
  }

  /** One a time: none becomes too old as long as fewer stand than are read back. */
  #carryOldest(): void {
    for (const [id, at] of this.#writtenAt) {
      if (this.#written - at < CARRIED_AFTER) return;
      this.#writtenAt.delete(id);
      const record = this.#options.again(id);
      if (record === undefined) continue;
      this.#write({ ...record, change: 'carried' });
      return;
    }
  }
}

function idOf({ source, point, reason }: AlarmRecord): string {
  return pointId(source, point ?? reason.key);
}
