import { Gate } from '../gate.ts';
import { normal, type Random } from '../random.ts';

export interface DosePumpSpec {
  /** What it really gives when it is new; a venturi, at `atLitresPerMinute` of water. */
  readonly millilitresPerSecond: number;
  /** Of a venturi or a pump that the water drives: it draws in proportion to the water's flow, and nothing without. */
  readonly atLitresPerMinute?: number;
  /** From when it is told until stock moves, and until it stands. */
  readonly startSeconds?: number;
  readonly stopSeconds?: number;
  /** Share of its rate that it loses with each litre: a hose gets tired. */
  readonly wearPerLitre?: number;
  /** No two runs are the same: standard deviation of the rate, as a share. */
  readonly spread?: number;
  /** Of the suction line: it fills with air when the tank is empty, and has to be drawn full again. */
  readonly lineMillilitres?: number;
}

/** A pump that draws stock, as it really is. */
export class DosePump {
  /** What drives it; faults hold it. */
  readonly gate = new Gate();
  readonly #spec: DosePumpSpec;
  readonly #random: Random;
  /** When stock moves, milliseconds; the last has no end yet while it is on. */
  #moving: { readonly fromMs: number; toMs: number }[] = [];
  #share = 1;
  #turnedLitres = 0;
  #airLitres = 0;

  constructor(spec: DosePumpSpec, random: Random) {
    this.#spec = spec;
    this.#random = random;
  }

  /** Notices what it was told; true when that changed something. */
  look(atMs: number): boolean {
    const change = this.gate.look(atMs);
    if (change === 'on') {
      const fromMs = atMs + 1000 * (this.#spec.startSeconds ?? 0);
      this.#moving.push({ fromMs, toMs: Number.POSITIVE_INFINITY });
      this.#share = Math.max(0, 1 + (this.#spec.spread ?? 0) * normal(this.#random));
    }
    const last = this.#moving.at(-1);
    if (change === 'off' && last) last.toMs = atMs + 1000 * (this.#spec.stopSeconds ?? 0);
    return change !== undefined;
  }

  /** Stock moves, or will in a moment. */
  get isMoving(): boolean {
    return this.#moving.length > 0;
  }

  /** mL/s that it gives at this flow of water, as worn as it is. */
  rate(litresPerMinute: number): number {
    const { millilitresPerSecond, atLitresPerMinute, wearPerLitre = 0 } = this.#spec;
    const drive = atLitresPerMinute === undefined ? 1 : litresPerMinute / atLitresPerMinute;
    return millilitresPerSecond * drive * Math.max(0, 1 - wearPerLitre * this.#turnedLitres);
  }

  /** Air comes into its line. */
  takeAir(millilitres: number): void {
    this.#airLitres += millilitres / 1000;
  }

  /**
   * Litres of stock that it draws in this time. `draw` asks the tank and answers what there was; what there was not is air, that
   * stays in the line until the pump has pushed it out.
   */
  run(fromMs: number, toMs: number, litresPerMinute: number, draw: (litres: number) => number): number {
    if (this.#moving.length === 0) return 0;
    const ms = this.#moving.reduce(
      (sum, one) => sum + Math.max(0, Math.min(toMs, one.toMs) - Math.max(fromMs, one.fromMs)),
      0,
    );
    this.#moving = this.#moving.filter((one) => one.toMs > toMs);
    if (ms <= 0) return 0;
    const wanted = (ms / 1e6) * this.rate(litresPerMinute) * this.#share;
    this.#turnedLitres += wanted;
    const air = Math.min(wanted, this.#airLitres);
    this.#airLitres -= air;
    const drawn = draw(wanted - air);
    const lacks = wanted - air - drawn;
    const most = (this.#spec.lineMillilitres ?? 0) / 1000;
    this.#airLitres = Math.max(this.#airLitres, Math.min(most, this.#airLitres + lacks));
    return drawn;
  }
}
