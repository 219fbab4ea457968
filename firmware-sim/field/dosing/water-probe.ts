import { normal, type Random } from '../random.ts';

const DAY_MS = 86_400_000;

export interface WaterProbeSpec {
  /** Time in which it comes within a third (1/e) of a change. */
  readonly responseSeconds: number;
  readonly noise: number;
  /** Of a probe that nobody has calibrated well. */
  readonly gain?: number;
  readonly offset?: number;
  /** Its zero wanders off, until somebody calibrates it. */
  readonly driftPerDay?: number;
  /** EC: it takes the water's conductivity for this share more or less with each °C away from 25; the water's own is 0.0191. */
  readonly compensationPerCelsius?: number;
}

/** Of natural water and fertilizer, as a share of its value at 25 °C, with each °C. */
const PER_CELSIUS = 0.0191;

/** A probe in the water: slow, noisy, and off by a little more every day. */
export class WaterProbe {
  readonly #spec: WaterProbeSpec;
  readonly #random: Random;
  #shown: number | undefined;
  #seenMs = 0;
  #calibratedMs: number | undefined;

  constructor(spec: WaterProbeSpec, random: Random) {
    this.#spec = spec;
    this.#random = random;
  }

  /** What it says of a true value; `celsius` only matters to one that compensates. */
  read(truth: number, atMs: number, celsius = 25): number {
    const { responseSeconds, noise, gain = 1, offset = 0, driftPerDay = 0 } = this.#spec;
    const passed = (atMs - this.#seenMs) / 1000;
    const share = responseSeconds > 0 ? 1 - Math.exp(-passed / responseSeconds) : 1;
    this.#shown = this.#shown === undefined ? truth : this.#shown + share * (truth - this.#shown);
    this.#seenMs = atMs;
    this.#calibratedMs ??= atMs;
    const drift = (driftPerDay * (atMs - this.#calibratedMs)) / DAY_MS;
    return gain * this.#compensated(this.#shown, celsius) + offset + drift + noise * normal(this.#random);
  }

  /** Somebody has put it into a known solution: what it has drifted is taken away. */
  calibrate(atMs: number): void {
    this.#calibratedMs = atMs;
  }

  #compensated(value: number, celsius: number): number {
    const { compensationPerCelsius } = this.#spec;
    if (compensationPerCelsius === undefined) return value;
    return (value * (1 + PER_CELSIUS * (celsius - 25))) / (1 + compensationPerCelsius * (celsius - 25));
  }
}
