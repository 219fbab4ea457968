import type { CommandOutcome, GatewayOutcome } from '@nongtin/broker/wire';

/** What takes the cloud's commands, once the gateway is far enough. */
interface Taker {
  onCommand(payload: Uint8Array): void;
  isClockTrusted(): boolean;
}

/** How often it is looked whether the clock has become trusted, while it is not. */
const CLOCK_EVERY_MS = 1_000;

/**
 * The conversation about commands, over whatever connection the uplink has. It keeps nothing: a command that comes too
 * early is sent again when `ready` is said, and an outcome that is lost here comes with the journal.
 */
export class CommandChannel {
  #publish: ((message: string) => void) | undefined;
  #taker: Taker | undefined;
  #timer: NodeJS.Timeout | undefined;

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
    if (this.#taker === undefined || this.#publish === undefined) return;
    const clockTrusted = this.#taker.isClockTrusted();
    this.#send({ ready: true, clockTrusted });
    if (!clockTrusted) this.#timer = setTimeout(() => this.#waitForClock(), CLOCK_EVERY_MS);
  }

  #waitForClock(): void {
    if (this.#taker?.isClockTrusted()) this.#sayReady();
    else this.#timer = setTimeout(() => this.#waitForClock(), CLOCK_EVERY_MS);
  }

  #send(message: GatewayOutcome): void {
    this.#publish?.(JSON.stringify(message));
  }
}
