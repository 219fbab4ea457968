/** When each gateway was last heard since the process started, by the cloud's clock. */
export class Presence {
  readonly #clock: { nowMs(): number };
  readonly #heard = new Map<string, number>();

  constructor(clock: { nowMs(): number }) {
    this.#clock = clock;
  }

  note(gateway: string): void {
    this.#heard.set(gateway, this.#clock.nowMs());
  }

  lastHeardMs(gateway: string): number | undefined {
    return this.#heard.get(gateway);
  }
}
