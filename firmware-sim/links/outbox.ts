import type { Message } from './link.ts';

/** Sends one message; calls back once the broker has acknowledged it. */
export type Send = (message: Message, acknowledged: () => void) => void;

/** As many readings as a small device keeps while nobody listens; the oldest give way. */
const CAPACITY = 500;
/** Unacknowledged messages on their way: a broker that holds its PUBACKs back slows the device down. */
const WINDOW = 10;

/** Readings wait here until they can be sent, in order, each with the time at which it was made. */
export class Outbox {
  readonly #send: Send;
  readonly #waiting: Message[] = [];
  #onTheWay = 0;
  #connected = false;
  #dropped = 0;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Messages given up because the outbox was full. */
  get dropped(): number {
    return this.#dropped;
  }

  add(message: Message): void {
    if (this.#waiting.length === CAPACITY) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#waiting.push(message);
    this.#drain();
  }

  setConnected(connected: boolean): void {
    this.#connected = connected;
    this.#drain();
  }

  #drain(): void {
    while (this.#connected && this.#onTheWay < WINDOW) {
      const message = this.#waiting.shift();
      if (message === undefined) return;
      this.#onTheWay += 1;
      this.#send(message, () => {
        this.#onTheWay -= 1;
        this.#drain();
      });
    }
  }
}
