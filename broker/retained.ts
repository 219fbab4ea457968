import { matchesFilter } from './filters.ts';

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
}

const MOST_TOPICS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** The last message of each topic that was left for whoever subscribes later; bounded. */
export class Retained {
  readonly #byTopic = new Map<string, RetainedMessage>();
  #bytes = 0;

  get size(): number {
    return this.#byTopic.size;
  }

  /** False when there is no room for it: what was there before stays. An empty payload clears the topic. */
  set(message: RetainedMessage): boolean {
    const before = this.#byTopic.get(message.topic);
    const isCleared = message.payload.length === 0;
    const bytes = this.#bytes - sizeOf(before) + (isCleared ? 0 : sizeOf(message));
    const isTooMany = before === undefined && this.#byTopic.size >= MOST_TOPICS;
    if (!isCleared && (bytes > MOST_BYTES || isTooMany)) return false;
    this.#bytes = bytes;
    if (isCleared) this.#byTopic.delete(message.topic);
    else this.#byTopic.set(message.topic, message);
    return true;
  }

  /** Each once for every filter that matches it, as each subscription is answered by itself. */
  *matching(filters: readonly string[]): Generator<RetainedMessage> {
    for (const filter of filters) {
      const exact = /[+#]/.test(filter) ? undefined : [this.#byTopic.get(filter)];
      for (const message of exact ?? this.#byTopic.values())
        if (message && matchesFilter(filter, message.topic)) yield message;
    }
  }
}

const sizeOf = (message?: RetainedMessage): number =>
  message === undefined ? 0 : message.payload.length + message.topic.length;
