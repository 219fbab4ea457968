import { Overlay } from '../field/overlay.ts';
import type { FarmClock } from '../time/farm-clock.ts';
import type { Hearing, Link, Message } from './link.ts';

export type Direction = 'from_device' | 'to_device';

/** What happens to one message: after how many seconds it arrives, once for each; none: it is lost. */
export type Disturbance = (direction: Direction) => readonly number[];

/** A link over which messages come late, twice or never, as faults order; otherwise the link itself. */
export class DisturbedLink implements Link {
  readonly disturbances = new Overlay<Disturbance>();
  readonly #link: Link;
  readonly #clock: FarmClock;

  constructor(link: Link, clock: FarmClock) {
    this.#link = link;
    this.#clock = clock;
  }

  start(hearing: Hearing): void {
    this.#link.start({
      connected: () => hearing.connected(),
      received: (message) => this.#pass('to_device', () => hearing.received(message)),
    });
  }

  publish(message: Message, when: 'keep' | 'now'): void {
    this.#pass('from_device', () => this.#link.publish(message, when));
  }

  reach(isReachable: boolean): void {
    this.#link.reach(isReachable);
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }

  #pass(direction: Direction, run: () => void): void {
    let arrivals: readonly number[] = [0];
    for (const disturb of this.disturbances.values)
      arrivals = arrivals.flatMap((seconds) => disturb(direction).map((more) => seconds + more));
    for (const seconds of arrivals) {
      if (seconds === 0) run();
      else this.#clock.after(seconds, run);
    }
  }
}
