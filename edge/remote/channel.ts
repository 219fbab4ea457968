import { randomUUID } from 'node:crypto';
import type { CommandOutcome, GatewayOutcome, GatewayReady } from '@nongtin/broker/wire';

/** What takes the cloud's commands, once the gateway is far enough. */
interface Taker {
  onCommand(payload: Uint8Array): void;
  isClockTrusted(): boolean;
  /** Whether the valves have answered the start's closing: until then every opening would be refused. */
  isSettled(): boolean;
}

/** How often it is looked whether the valves have answered and the clock is trusted, while they are not. */
const LOOK_EVERY_MS = 1_000;

/**
 * The conversation about commands, over whatever connection the uplink has. It keeps nothing: a command that comes too
 * early is sent again when `ready` is said, and an outcome that is lost here comes with the journal.
 */
export class CommandChannel {
  #publish: ((message: string) => void) | undefined;
  #connection = '';
  #taker: Taker | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Before each connection: what the cloud is to hear when it ends. */
  lastWill(): string {
    this.#connection = randomUUID();
    const will: GatewayReady = { ready: false, connection: this.#connection, clockTrusted: false };
    return JSON.stringify(will);
  }

  /** The uplink listens for commands on a new connection, and this is how to answer. */
  connected(publish: (message: string) => void): void {
    this.#publish = publish;
    this.#sayReady();
  }

  disconnected(): void {
    this.#publish = undefined;
    clearTimeout(this.#timer);
  }

  /** A message on the topic of commands. */
  onMessage(payload: Uint8Array): void {
    this.#taker?.onCommand(payload);
  }

  /** From here on commands are taken. */
  open(taker: Taker): void {
    this.#taker = taker;
    this.#sayReady();
  }

  close(): void {
    this.#taker = undefined;
    clearTimeout(this.#timer);
  }

  say(outcome: CommandOutcome): void {
    this.#send(outcome);
  }

  /** Said again when the clock becomes trusted: until then the cloud keeps back what needs a time. */
  #sayReady(): void {
    clearTimeout(this.#timer);
    const taker = this.#taker;
    if (taker === undefined || this.#publish === undefined) return;
    if (!taker.isSettled()) {
      this.#look(() => taker.isSettled());
      return;
    }
    const clockTrusted = taker.isClockTrusted();
    this.#send({ ready: true, connection: this.#connection, clockTrusted });
    if (!clockTrusted) this.#look(() => taker.isClockTrusted());
  }

  #look(isThere: () => boolean): void {
    this.#timer = setTimeout(() => (isThere() ? this.#sayReady() : this.#look(isThere)), LOOK_EVERY_MS);
  }

  #send(message: GatewayOutcome): void {
    this.#publish?.(JSON.stringify(message));
  }
}
