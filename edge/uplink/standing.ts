import type { UplinkEntry } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';

export interface UplinkJournal {
  read(after: number, limit: number): Promise<readonly UplinkEntry[]>;
  lastNumber(): number;
  cursor(name: string): Promise<number>;
  moveCursor(name: string, number: number): Promise<void>;
  onCommit(listener: (lastNumber: number, isUrgent: boolean) => void): () => void;
}

const CURSOR = 'uplink';
const LAG_MS = 30_000;

/** How far the cloud has come, which outlives connections and restarts. */
export class Standing {
  readonly #journal: UplinkJournal;
  readonly #monotonicMs: () => number;
  readonly #logger: Logger;
  #durableUpTo = 0;
  #offered = 0;
  #oldest: { readonly after: number; readonly atMs: number } | undefined;
  #isLooking = false;
  /** The newest entry at some time; undefined: nothing waits. */
  #mark: { readonly number: number; readonly atMs: number } | undefined;

  /** `monotonicMs`: its clock. */
  constructor(journal: UplinkJournal, monotonicMs: () => number, logger: Logger) {
    this.#journal = journal;
    this.#monotonicMs = monotonicMs;
    this.#logger = logger;
  }

  async load(): Promise<void> {
    this.#durableUpTo = await this.#journal.cursor(CURSOR);
    // Since when it waits is not known, but it was made before this process was.
    this.#setMark(Number.NEGATIVE_INFINITY);
  }

  /** Something has waited for longer than readings gather and travel. */
  get isLagging(): boolean {
    return this.#mark !== undefined && this.#monotonicMs() - this.#mark.atMs > LAG_MS;
  }

  /** The journal has grown. */
  noteCommit(): void {
    if (this.#mark === undefined) this.#setMark();
  }

  /** Everything up to this entry is on the cloud's disk. */
  get durableUpTo(): number {
    return this.#durableUpTo;
  }

  get behind(): number {
    return Math.max(0, this.#journal.lastNumber() - this.#durableUpTo);
  }

  /** When the oldest entry that waits was made; null: none waits, or it is not known. */
  get oldestAtMs(): number | null {
    return this.behind > 0 && this.#oldest?.after === this.#durableUpTo ? this.#oldest.atMs : null;
  }

  /** The newest entry that this process has sent: the cursor moves over nothing that the cloud cannot have compared. */
  get offered(): number {
    return this.#offered;
  }

  offer(number: number): void {
    this.#offered = Math.max(this.#offered, number);
  }

  moveTo(number: number): void {
    this.#durableUpTo = number;
    if (this.#mark === undefined || number >= this.#mark.number) this.#setMark();
    this.#journal
      .moveCursor(CURSOR, number)
      .catch((error: unknown) => this.#logger.error({ err: error }, 'uplink cursor is not saved'));
  }

  #setMark(atMs = this.#monotonicMs()): void {
    this.#mark = this.behind > 0 ? { number: this.#journal.lastNumber(), atMs } : undefined;
  }

  /** The oldest that waits is this one. */
  noteOldest({ lastAtMs }: Pick<UplinkEntry, 'lastAtMs'>): void {
    this.#oldest = { after: this.#durableUpTo, atMs: lastAtMs };
  }

  /** Finds out when the oldest that waits was made. Called often while nothing is sent, which alone reads it by itself. */
  async lookForOldest(): Promise<void> {
    const after = this.#durableUpTo;
    if (this.#isLooking || this.behind === 0 || this.#oldest?.after === after) return;
    this.#isLooking = true;
    try {
      const [entry] = await this.#journal.read(after, 1);
      if (entry !== undefined && after === this.#durableUpTo) this.noteOldest(entry);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the oldest entry that waits cannot be read');
    }
    this.#isLooking = false;
  }
}
