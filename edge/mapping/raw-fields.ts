import type { ParsedReading } from '../profiles/profile.ts';

/** A numeric field that nobody has given a meaning yet. */
export interface RawField {
  readonly device: string;
  readonly channel: string;
  readonly lastValue: number;
  /** As the payload states it; null: it does not. */
  readonly unit: string | null;
  /** Why it is raw although its name or its device says what it is. */
  readonly reason: NonNullable<ParsedReading['rawReason']> | null;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

type Noted = Pick<ParsedReading, 'channel' | 'value' | 'unit' | 'rawReason'>;

interface Seen {
  lastValue: number;
  unit: string | null;
  reason: NonNullable<ParsedReading['rawReason']> | null;
  count: number;
  readonly firstAtMs: number;
  lastAtMs: number;
}

/** More of them are stored like all readings, but not listed: a device that makes up names must not fill the memory. */
const MOST_OF_A_DEVICE = 256;
const MOST_IN_ALL = 10_000;

/** The raw fields seen since the start. */
export class RawFields {
  readonly #devices = new Map<string, Map<string, Seen>>();
  #count = 0;

  note(device: string, reading: Noted, atMs: number): void {
    const { channel, value, unit, rawReason } = reading;
    const seen = this.#devices.get(device)?.get(channel);
    if (seen === undefined) {
      this.#add(device, reading, atMs);
      return;
    }
    seen.lastValue = value;
    seen.unit = unit ?? null;
    seen.reason = rawReason ?? null;
    seen.count += 1;
    seen.lastAtMs = atMs;
  }

  get(device: string, channel: string): Pick<RawField, 'unit' | 'lastAtMs'> | undefined {
    return this.#devices.get(device)?.get(channel);
  }

  forget(device: string, channel: string): void {
    const fields = this.#devices.get(device);
    if (fields === undefined || !fields.delete(channel)) return;
    this.#count -= 1;
    if (fields.size === 0) this.#devices.delete(device);
  }

  list(): RawField[] {
    return [...this.#devices].flatMap(([device, fields]) =>
      [...fields].map(([channel, seen]) => ({ device, channel, ...seen })),
    );
  }

  #add(device: string, { channel, value, unit, rawReason }: Noted, atMs: number): void {
    const fields = this.#devices.get(device) ?? new Map<string, Seen>();
    if (this.#count >= MOST_IN_ALL || fields.size >= MOST_OF_A_DEVICE) return;
    const said = { unit: unit ?? null, reason: rawReason ?? null };
    fields.set(channel, { lastValue: value, ...said, count: 1, firstAtMs: atMs, lastAtMs: atMs });
    this.#devices.set(device, fields);
    this.#count += 1;
  }
}
