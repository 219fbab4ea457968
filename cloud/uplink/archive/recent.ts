import type { StoredEntry } from '../entry-store.ts';

/** Batches in memory, the newest of them, up to so many bytes. */
export class Recent {
  readonly #mostBytes: number;
  readonly #batches = new Map<string, { readonly entries: readonly StoredEntry[]; readonly bytes: number }>();
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  keep(place: string, entries: readonly StoredEntry[]): void {
    // Two readers may have opened it at the same time.
    if (this.#batches.has(place)) return;
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
