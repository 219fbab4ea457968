/** One event of the stream that dashboards follow. Its id names the gateway's start, so an old one is recognised. */
export interface LiveEvent {
  readonly id: string;
  readonly name: EventName;
  /** JSON, encoded once for all listeners. */
  readonly data: string;
}

export type EventName = 'readings' | 'device' | 'zone' | 'run' | 'alarm' | 'status';

/** Called for each event in order; must not throw. */
export type Listener = (event: LiveEvent) => void;

const MOST_KEPT = 2_000;
const MOST_KEPT_BYTES = 4 * 1_048_576;

/** Spreads events and keeps the newest ones, so that a listener that was away for a moment misses nothing. */
export class EventHub {
  readonly #boot: string;
  readonly #capacity: number;
  readonly #capacityBytes: number;
  readonly #kept: LiveEvent[] = [];
  #keptBytes = 0;
  readonly #listeners = new Set<Listener>();
  #number = 0;

  constructor(boot: string, capacity = MOST_KEPT, capacityBytes = MOST_KEPT_BYTES) {
    this.#boot = boot;
    this.#capacity = capacity;
    this.#capacityBytes = capacityBytes;
  }

  publish(name: EventName, data: unknown): void {
    this.#number += 1;
    const event = { id: `${this.#boot}-${this.#number}`, name, data: JSON.stringify(data) };
    this.#kept.push(event);
    this.#keptBytes += Buffer.byteLength(event.data);
    while (this.#kept.length > this.#capacity || this.#keptBytes > this.#capacityBytes) {
      this.#keptBytes -= Buffer.byteLength(this.#kept.shift()?.data ?? '');
    }
    for (const listener of this.#listeners) listener(event);
  }

  /** Follows from now on; returns the end of it. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** What came after the event `id`; undefined when that is not known any more, and everything has to be read anew. */
  since(id: string): readonly LiveEvent[] | undefined {
    const at = /^(.*)-(\d{1,15})$/.exec(id);
    const number = Number(at?.[2]);
    const first = this.#number - this.#kept.length;
    if (at?.[1] !== this.#boot || number < first || number > this.#number) return undefined;
    return this.#kept.slice(number - first);
  }
}
