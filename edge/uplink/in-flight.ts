import type { UplinkEntry } from '@nongtin/broker/wire';

/** A message that the cloud has not answered yet. */
export interface Message {
  /** The newest entry in it. */
  readonly last: number;
  /** As it travels. */
  readonly bytes: number;
  readonly sentAtMs: number;
  /** Its first entry. */
  readonly oldest: Pick<UplinkEntry, 'lastAtMs'>;
}

/** Messages under way, in order. An answer is cumulative: it settles every message up to its number. */
export class InFlight {
  #messages: Message[] = [];

  get count(): number {
    return this.#messages.length;
  }

  get bytes(): number {
    return this.#messages.reduce((sum, message) => sum + message.bytes, 0);
  }

  get oldest(): Message | undefined {
    return this.#messages[0];
  }

  add(message: Message): void {
    this.#messages.push(message);
  }

  /** Takes out, and gives, what is answered by this number. */
  settle(durableUpTo: number): Message[] {
    const settled = this.#messages.filter(({ last }) => last <= durableUpTo);
    this.#messages = this.#messages.filter(({ last }) => last > durableUpTo);
    return settled;
  }

  clear(): void {
    this.#messages = [];
  }
}
