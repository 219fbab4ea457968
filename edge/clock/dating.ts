import {
  type ClockRecord,
  dateReadings,
  encodeReadings,
  isUndated,
  parseReadings,
  quality,
} from '@nongtin/broker/wire';
import type { Journal, JournalEntry } from '../journal/index.ts';
import type { Boots } from './boots.ts';

/** What tells whether an entry's readings were dated. */
type Origin = Pick<JournalEntry, 'bootId' | 'number'>;

/** What a reader of the journal that keeps readings by time asks of each entry. */
export interface Dating {
  /** Whether the entry's readings have no date yet: pass it over, they are delivered when they have one. */
  hold(entry: JournalEntry): boolean;
  /** Whether `shift` may change anything in the entry's lines. */
  moves(entry: Origin): boolean;
  /** The lines with their true times; those that were dated by a word which proved wrong, with a flag. */
  shift(lines: string, entry: Origin): string;
}

/** Readings of one boot that wait for their date. */
export interface Held {
  readonly firstNumber: number;
  lastNumber: number;
  entries: number;
  readings: number;
  /** How long the boot had run when the last of them came. */
  monotonicMs: number;
}

const ENTRIES_A_READ = 256;

/**
 * Which boots are dated, and what waits for the others: from the journal's clock records. The first record of a boot
 * counts, since its readings were delivered by it.
 */
export class JournalDating implements Dating {
  readonly #boots: Boots;
  readonly #onHeld: () => void;
  readonly #shifts = new Map<string, number>();
  readonly #held = new Map<string, Held>();
  /** A boot whose clock is trusted from its start has nothing that waits: the usual case, and it costs nothing. */
  #certainBootId = '';

  /** `onHeld`: something waits that did not before. Called before the reader goes on. */
  constructor(boots: Boots, onHeld: () => void) {
    this.#boots = boots;
    this.#onHeld = onHeld;
  }

  /** `records`: newest first. */
  load(records: readonly ClockRecord[], certainBootId: string): void {
    for (const record of records) this.#shifts.set(record.bootId, shiftOf(record));
    this.#certainBootId = certainBootId;
  }

  isDated(bootId: string): boolean {
    return this.#shifts.has(bootId);
  }

  add(record: ClockRecord): void {
    if (!this.isDated(record.bootId)) this.#shifts.set(record.bootId, shiftOf(record));
  }

  hold(entry: JournalEntry): boolean {
    const { bootId, count } = entry;
    if (count === 0 || bootId === this.#certainBootId || this.#shifts.has(bootId)) return false;
    if (!isUndated(entry.payload)) return false;
    this.#note(entry);
    return true;
  }

  moves(entry: Origin): boolean {
    return this.#shifts.has(entry.bootId) || this.#isDoubted(entry);
  }

  shift(lines: string, entry: Origin): string {
    const shiftMs = this.#shifts.get(entry.bootId);
    const dated = shiftMs === undefined ? lines : dateReadings(lines, shiftMs);
    return this.#isDoubted(entry) ? doubted(dated) : dated;
  }

  #isDoubted({ bootId, number }: Origin): boolean {
    return this.#boots.doubts().some((doubt) => doubt.bootId === bootId && number <= doubt.lastNumber);
  }

  held(bootId: string): Held | undefined {
    return this.#held.get(bootId);
  }

  /** The oldest entry that waits. */
  firstHeld(): number | undefined {
    const numbers = [...this.#held.values()].map(({ firstNumber }) => firstNumber);
    return numbers.length === 0 ? undefined : Math.min(...numbers);
  }

  /** They are delivered, or gone. */
  release(bootId: string): void {
    this.#held.delete(bootId);
  }

  /** After a restart: what waits of earlier boots, found again by the first entry of each. */
  async recount(journal: Pick<Journal, 'read'>): Promise<void> {
    for (const { bootId, firstNumber } of this.#boots.list()) {
      if (firstNumber === undefined) continue;
      for (let after = firstNumber - 1; ; ) {
        const entries = await journal.read(after, ENTRIES_A_READ);
        const own = entries.filter((entry) => entry.bootId === bootId);
        for (const entry of own) if (entry.count > 0 && isUndated(entry.payload)) this.#note(entry);
        const last = own.at(-1);
        if (last === undefined || own.length < entries.length) break;
        after = last.number;
      }
    }
  }

  #note(entry: JournalEntry): void {
    const { bootId, number, count, monotonicMs } = entry;
    const held = this.#held.get(bootId);
    if (held === undefined) {
      // First: when it cannot be saved, the reader comes again with this entry.
      this.#remember(entry);
      this.#held.set(bootId, {
        firstNumber: number,
        lastNumber: number,
        entries: 1,
        readings: count,
        monotonicMs,
      });
      this.#onHeld();
    } else if (number > held.lastNumber) {
      held.lastNumber = number;
      held.entries += 1;
      held.readings += count;
      held.monotonicMs = monotonicMs;
    }
  }

  /** Before the reader goes on behind the entry: from here on this is how it is found again. */
  #remember({ bootId, number, firstAtMs, monotonicMs }: JournalEntry): void {
    const boot = this.#boots.get(bootId);
    if (boot?.firstNumber !== undefined && boot.firstNumber <= number) {
      this.#boots.save();
      return;
    }
    const guess = { bootId, startedAtMs: firstAtMs - monotonicMs, uptimeMs: 0, notBeforeMs: 0 };
    this.#boots.put({ ...(boot ?? guess), firstNumber: number });
  }
}

function shiftOf({ utcMs, provisionalMs }: ClockRecord): number {
  return utcMs - provisionalMs;
}

function doubted(lines: string): string {
  const uncertain = (bits: number) => bits | quality.clockUncertain;
  return encodeReadings(
    parseReadings(lines).map((reading) => ({ ...reading, quality: uncertain(reading.quality) })),
  );
}
