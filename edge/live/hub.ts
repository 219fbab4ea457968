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

/** Spreads events and keeps the newest ones, so that a listener that was away for a moment misses nothing. */
export class EventHub {
  readonly #boot: string;
  readonly #capacity: number;
  readonly #kept: LiveEvent[] = [];
  readonly #listeners = new Set<Listener>();
  #number = 0;

  constructor(boot: string, capacity = 2_000) {
    this.#boot = boot;
    this.#capacity = capacity;
  }

  publish(name: EventName, data: unknown): void {
    this.#number += 1;
    const event = { id: `${this.#boot}-${this.#number}`, name, data: JSON.stringify(data) };
    this.#kept.push(event);
    if (this.#kept.length > this.#capacity) this.#kept.shift();
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
