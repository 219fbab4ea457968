import { hash } from 'node:crypto';
import { parseReading, type QuarantineRecord } from '@nongtin/broker/wire';

const HOUR_MS = 3_600_000;
const MOST_AN_HOUR = 100;

/**
 * Readings that the store will never take, each with the store's own words, kept as quarantine records of the journal:
 * durable, bounded, shown where unreadable payloads are shown. Beyond a hundred an hour they are counted; the reading
 * itself is in the journal anyway.
 */
export class Rejections {
  readonly #keep: (record: QuarantineRecord) => Promise<void>;
  readonly #clock: { nowMs(): number };
  #count = 0;
  #hour = Number.NEGATIVE_INFINITY;
  #kept = 0;

  constructor(keep: (record: QuarantineRecord) => Promise<void>, clock: { nowMs(): number }) {
    this.#keep = keep;
    this.#clock = clock;
  }

  get count(): number {
    return this.#count;
  }

  async add(line: string, words: string): Promise<void> {
    const atMs = Math.trunc(this.#clock.nowMs());
    this.#count += 1;
    if (Math.abs(atMs - this.#hour) >= HOUR_MS) {
      this.#hour = atMs;
      this.#kept = 0;
    }
    if (this.#kept >= MOST_AN_HOUR) return;
    this.#kept += 1;
    const bytes = Buffer.from(line, 'utf8');
    await this.#keep({
      kind: 'quarantine',
      atMs,
      device: deviceOf(line),
      topic: '',
      cause: 'refused_by_series_store',
      detail: words.slice(0, 500).toWellFormed(),
      sizeBytes: bytes.length,
      sha256: hash('sha256', bytes),
      headBase64: bytes.subarray(0, 2_048).toString('base64'),
    });
  }
}

function deviceOf(line: string): string {
  try {
    return parseReading(line).device;
  } catch {
    return '';
  }
}
