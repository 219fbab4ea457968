/**
 * What tells a message from any other: the device's own time, a counter of messages, or nothing but its values.
 * It decides what a gateway can do about a resend.
 */
export type Marks = 'time' | 'seq' | 'none';

export interface PayloadOptions {
  readonly marks: Marks;
  /** All four numeric fields, or `soil_moisture` alone. */
  readonly fields: 1 | 4;
  /** The device's time of message 0, in milliseconds since 1970 UTC. */
  readonly epochMs: number;
  /** Between two messages of one device, by its own clock; whole milliseconds, so that no two have the same time. */
  readonly stepMs: number;
  /** Made so long with spaces, if it is shorter. */
  readonly bytes?: number | undefined;
}

const NEW_VALUES_EVERY = 64;

/**
 * One device's messages: 116 bytes with a time, four numeric fields that are metrics of ours. `volume` is a meter's
 * counter and holds the message's number (from 1), by which the rows are counted in the end. The other three drift as
 * slowly as soil does, however fast the messages come. The same number always gives the same bytes, so that a resend
 * is one.
 */
export class Payloads {
  readonly #options: PayloadOptions;
  readonly #phase: number;
  #drawer = -1;
  #values = '';
  #second = -1;
  #secondText = '';

  constructor(device: number, options: PayloadOptions) {
    this.#options = options;
    this.#phase = device;
  }

  of(number: number): string {
    const drawer = Math.floor(number / NEW_VALUES_EVERY);
    if (drawer !== this.#drawer) this.#values = this.#draw(drawer);
    const counted = this.#options.fields === 4 ? `,"volume":${number}` : '';
    const message = `{${this.#mark(number)}${this.#values}${counted}`;
    return `${message.padEnd((this.#options.bytes ?? 0) - 1)}}`;
  }

  #mark(number: number): string {
    switch (this.#options.marks) {
      case 'time':
        return `"time":"${this.#time(this.#options.epochMs + number * this.#options.stepMs)}",`;
      case 'seq':
        return `"seq":${number},`;
      case 'none':
        return '';
    }
  }

  #time(atMs: number): string {
    const second = Math.floor(atMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new Date(second * 1_000).toISOString().slice(0, 20);
    }
    return `${this.#secondText}${String(atMs - second * 1_000).padStart(3, '0')}Z`;
  }

  #draw(drawer: number): string {
    this.#drawer = drawer;
    const wave = Math.sin(this.#phase + (drawer * NEW_VALUES_EVERY * this.#options.stepMs) / 600_000);
    const moisture = (0.24 + 0.02 * wave).toFixed(4);
    if (this.#options.fields === 1) return `"soil_moisture":${moisture}`;
    const temperature = (24 + 3 * wave).toFixed(2);
    const ec = (1.2 + 0.1 * wave).toFixed(3);
    return `"soil_moisture":${moisture},"soil_temperature":${temperature},"soil_ec":${ec}`;
  }
}

/** How far a device's clock moves between two messages that are sent at this rate. */
export function stepMsOf(messagesPerSecond: number): number {
  return Math.max(1, Math.floor(1_000 / messagesPerSecond));
}
