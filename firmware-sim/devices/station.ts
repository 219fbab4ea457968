import { Overlay } from '../field/overlay.ts';
import { DisturbedLink } from '../links/disturbed-link.ts';
import type { LinkFactory, Message } from '../links/link.ts';
import type { FarmClock } from '../time/farm-clock.ts';
import type { Shell, Unit } from './unit.ts';

/** A unit with its power and its connection, and what faults take from it. */
export class Station {
  /** While anything lies here it has no power. */
  readonly unpowered = new Overlay<true>();
  /** While anything lies here nobody hears it. */
  readonly offAir = new Overlay<true>();
  readonly #unit: Unit;
  readonly #link: DisturbedLink;
  #isPowered = false;

  constructor(build: (publish: Shell['publish']) => Unit, connect: LinkFactory, clock: FarmClock) {
    this.#unit = build((message: Message, when) => {
      if (this.#isPowered) this.#link.publish(message, when);
    });
    this.#link = new DisturbedLink(connect(this.#unit.speaker), clock);
  }

  get identity(): string {
    return this.#unit.speaker.identity;
  }

  get disturbances(): DisturbedLink['disturbances'] {
    return this.#link.disturbances;
  }

  start(): void {
    this.#isPowered = true;
    this.#unit.boot();
    this.#link.start({
      connected: () => {
        if (this.#isPowered) this.#unit.connected();
      },
      received: (message) => {
        if (this.#isPowered) this.#unit.received(message);
      },
    });
  }

  /** Lets what was laid over it or taken away take effect. */
  settle(): void {
    const isPowered = this.unpowered.value === undefined;
    if (isPowered !== this.#isPowered) {
      this.#isPowered = isPowered;
      if (isPowered) this.#unit.boot();
      else this.#unit.die();
    }
    this.#link.reach(isPowered && this.offAir.value === undefined);
  }

  async stop(): Promise<void> {
    if (this.#isPowered) this.#unit.die();
    this.#isPowered = false;
    await this.#link.stop();
  }
}
