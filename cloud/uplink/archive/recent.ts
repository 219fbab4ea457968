import type { StoredEntry } from '../entry-store.ts';

/** What the projector of the same process reads next, a moment after it was written. */
export class Recent {
  readonly #mostBytes: number;
  readonly #batches = new Map<string, { readonly entries: readonly StoredEntry[]; readonly bytes: number }>();
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  keep(place: string, entries: readonly StoredEntry[]): void {
    const bytes = entries.reduce((sum, entry) => sum + entry.payload.length + ENTRY_BYTES, 0);
    this.#batches.set(place, { entries, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#batches) {
      if (this.#bytes <= this.#mostBytes) return;
      this.#batches.delete(oldest);
      this.#bytes -= freed;
    }
  }

  find(place: string): readonly StoredEntry[] | undefined {
    return this.#batches.get(place)?.entries;
  }
}

/** About what an entry takes in memory beside its payload. */
const ENTRY_BYTES = 600;
