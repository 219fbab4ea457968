import type { FarmField } from '../field/farm-field.ts';
import type { FarmClock } from '../time/farm-clock.ts';

/** The field in time: whoever looks finds it moved on, whoever changes it sees the effect at once. */
export class World {
  readonly clock: FarmClock;
  readonly seed: number;
  readonly #field: FarmField;

  constructor(field: FarmField, clock: FarmClock, seed: number) {
    this.#field = field;
    this.clock = clock;
    this.seed = seed;
  }

  /** The field as a device sees it now. */
  look(): FarmField {
    this.#field.follow(this.clock.nowMs());
    return this.#field;
  }

  /** The field as a judge sees it, who must not change it by looking; no later than `untilMs`, if nobody else has looked. */
  judge(untilMs = Number.POSITIVE_INFINITY): FarmField {
    this.#field.settle(Math.min(untilMs, this.clock.nowMs()));
    return this.#field;
  }

  change(run: (field: FarmField) => void): void {
    const field = this.#field;
    field.advance(this.clock.nowMs());
    run(field);
    field.touch();
  }
}
