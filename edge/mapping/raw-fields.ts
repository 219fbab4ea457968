/** A numeric field that nobody has given a meaning yet. */
export interface RawField {
  readonly device: string;
  readonly channel: string;
  readonly lastValue: number;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

interface Seen {
  lastValue: number;
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

  note(device: string, { channel, value }: { channel: string; value: number }, atMs: number): void {
    const seen = this.#devices.get(device)?.get(channel);
    if (seen === undefined) {
      this.#add(device, channel, value, atMs);
      return;
    }
    seen.lastValue = value;
    seen.count += 1;
    seen.lastAtMs = atMs;
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

  #add(device: string, channel: string, value: number, atMs: number): void {
    const fields = this.#devices.get(device) ?? new Map<string, Seen>();
    if (this.#count >= MOST_IN_ALL || fields.size >= MOST_OF_A_DEVICE) return;
    fields.set(channel, { lastValue: value, count: 1, firstAtMs: atMs, lastAtMs: atMs });
    this.#devices.set(device, fields);
    this.#count += 1;
  }
}
