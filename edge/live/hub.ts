/** One event of the stream that dashboards follow. Its id names the gateway's start, so an old one is recognised. */
export interface LiveEvent {
  readonly id: string;
  readonly name: EventName;
  /** JSON, encoded once for all listeners, and only when there is one. */
  readonly data: string;
}

class HeldEvent implements LiveEvent {
  readonly id: string;
  readonly name: EventName;
  readonly bytes: number;
  #value: unknown;
  #data: string | undefined;

  constructor(id: string, name: EventName, value: unknown, bytes: number) {
    this.id = id;
    this.name = name;
    this.bytes = bytes;
    this.#value = value;
  }

  get data(): string {
    this.#data ??= JSON.stringify(this.#value);
    this.#value = undefined;
    return this.#data;
  }
}

export type EventName =
  | 'readings'
  | 'device'
  | 'zone'
  | 'run'
  | 'alarm'
  | 'status'
  | 'layout'
  | 'protection'
  | 'pests'
  | 'fertigation';

/** Called for each event in order; must not throw. */
export type Listener = (event: LiveEvent) => void;

const MOST_KEPT = 2_000;
const MOST_KEPT_BYTES = 1_048_576;

/** Spreads events and keeps the newest ones, so that a listener that was away for a moment misses nothing. */
export class EventHub {
  readonly #boot: string;
  readonly #capacity: number;
  readonly #capacityBytes: number;
  readonly #kept: HeldEvent[] = [];
  #keptBytes = 0;
  readonly #listeners = new Set<Listener>();
  #number = 0;

  constructor(boot: string, capacity = MOST_KEPT, capacityBytes = MOST_KEPT_BYTES) {
    this.#boot = boot;
    this.#capacity = capacity;
    this.#capacityBytes = capacityBytes;
  }

  /** `bytes`: about the length of its JSON, when it is known without encoding; the value must not change any more. */
  publish(name: EventName, value: unknown, bytes?: number): void {
    this.#number += 1;
    const id = `${this.#boot}-${this.#number}`;
    const event = new HeldEvent(id, name, value, bytes ?? Buffer.byteLength(JSON.stringify(value)));
    this.#kept.push(event);
    this.#keptBytes += event.bytes;
    while (this.#kept.length > this.#capacity || this.#keptBytes > this.#capacityBytes) {
      this.#keptBytes -= this.#kept.shift()?.bytes ?? 0;
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
