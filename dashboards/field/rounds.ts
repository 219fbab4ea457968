/**
 * Work that is done in rounds, never two at a time. Who asks while a round is under way gets another one after it: that round may
 * already have passed what the asker has just made.
 */
export class Rounds {
  readonly #round: () => Promise<void>;
  #running: Promise<void> | undefined;
  #isAsked = false;

  constructor(round: () => Promise<void>) {
    this.#round = round;
  }

  /** Resolves after a whole round that has begun after the asking; rejects with what ended it. */
  ask(): Promise<void> {
    this.#isAsked = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAsked) {
        this.#isAsked = false;
        await this.#round();
      }
    } finally {
      this.#running = undefined;
    }
  }
}
