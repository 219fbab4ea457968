import type { JournalEntry } from './types.ts';

/** At 50,000 messages a second most of a second: a series store that is held up for longer is behind anyway. */
const MOST_BYTES = 16 * 1024 * 1024;
/** About as many as that are then; of small ones half a megabyte. */
const MOST_ENTRIES = 96;
/** A reader is given about so much at once, as from the disk. */
const READ_BYTES = 4 * 1024 * 1024;

const payloads = new WeakMap<JournalEntry, Uint8Array>();

/**
 * The payload in UTF-8 as it was committed, of an entry that is still at hand; undefined for one that was read from the
 * disk, and for a changed copy. For whoever passes it on as it is; not to be written into.
 */
export function bytesOf(entry: JournalEntry): Uint8Array | undefined {
  return payloads.get(entry);
}

/** An entry whose payload becomes text when somebody asks for it. */
export function recentEntry(head: Omit<JournalEntry, 'payload'>, payload: Uint8Array): JournalEntry {
  const entry = {
    ...head,
    get payload() {
      return Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
    },
  };
  payloads.set(entry, payload);
  return entry;
}

/**
 * Entries of readings that were committed a moment ago, in order and without a gap: who follows closely needs neither the
 * thread nor what it takes to unpack them. Under load that is a tenth of the gateway's work.
 */
export class RecentEntries {
  #entries: JournalEntry[] = [];
  #bytes = 0;

  add(entry: JournalEntry): void {
    const last = this.#entries.at(-1);
    if (last !== undefined && last.number + 1 !== entry.number) this.clear();
    this.#entries.push(entry);
    this.#bytes += lengthOf(entry);
    while (this.#bytes > MOST_BYTES || this.#entries.length > MOST_ENTRIES)
      this.#bytes -= lengthOf(this.#entries.shift());
  }

  /** At most `limit` entries after this number; none: they have to be read from the disk. */
  after(number: number, limit: number): JournalEntry[] {
    const first = this.#entries[0]?.number ?? Number.POSITIVE_INFINITY;
    if (number + 1 < first) return [];
    const found: JournalEntry[] = [];
    let bytes = 0;
    for (let index = number + 1 - first; found.length < limit && bytes < READ_BYTES; index++) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      found.push(entry);
      bytes += lengthOf(entry);
    }
    return found;
  }

  /** They are not followed by what came next, or not to be trusted any more. */
  clear(): void {
    this.#entries = [];
    this.#bytes = 0;
  }
}

function lengthOf(entry: JournalEntry | undefined): number {
  return (entry && bytesOf(entry)?.length) ?? 0;
}
