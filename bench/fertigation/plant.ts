import { seededRandom } from '@nongtin/service';
import { HeadField } from '../../firmware-sim/field/dosing/head-field.ts';
import { SourceWater } from '../../firmware-sim/field/dosing/source-water.ts';
import { WaterProbe } from '../../firmware-sim/field/dosing/water-probe.ts';
import { seededRandom as namedRandom, normal } from '../../firmware-sim/field/random.ts';
import { CAPACITY_LITRES, headOf, probeOf, type TankId, tankIds, type World } from './worlds.ts';

/** A person reads a tank when it is filled up again: by the marks on it, to half a percent of what it holds. */
const READING_FRACTION = 0.005;
/** Below that share of a tank somebody fills it up. */
const FILL_BELOW = 0.4;
const CALIBRATED_EVERY_DAYS = 30;
const DAY_MS = 86_400_000;

export interface Words {
  pump(tank: TankId, isRunning: boolean, commandId: string): void;
}

/** A tank before and after it was filled up, as a person has read it, mL. */
export interface FilledUp {
  readonly tank: TankId;
  readonly beforeMillilitres: number;
  readonly afterMillilitres: number;
}

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

/** The head of a world with its relays and probes, second by second. */
export class Plant {
  readonly field: HeadField;
  readonly world: World;
  nowMs: number;
  words: Words = { pump: () => {} };
  /** Until when a probe fails, and how. */
  failing: { readonly untilMs: number; readonly how: 'dead' | 'step' } | null = null;
  readonly #water: SourceWater;
  readonly #probes: { readonly ec: readonly WaterProbe[]; readonly ph: readonly WaterProbe[] };
  readonly #random: () => number;
  readonly #due: Due[] = [];
  readonly #endsMs = new Map<TankId, number>();
  readonly #startMs: number;
  #calibratedDay = 0;

  constructor(world: World, startMs: number) {
    this.world = world;
    this.nowMs = startMs;
    this.#startMs = startMs;
    this.#water = new SourceWater(world.water, startMs, world.seed);
    this.field = new HeadField(headOf(world), this.#water.at(startMs), world.seed);
    this.#random = seededRandom(world.seed);
    const probe = (quantity: 'ec' | 'ph', index: number) =>
      new WaterProbe(probeOf(world, quantity, index), namedRandom(world.seed, `probe ${quantity} ${index}`));
    this.#probes = { ec: [probe('ec', 0), probe('ec', 1)], ph: [probe('ph', 0)] };
  }

  chance(): number {
    return this.#random();
  }

  /** mS/cm of the water behind the mixing. */
  get ec(): number {
    return this.field.ecMilliSiemensPerCm;
  }

  get clearEc(): number {
    return this.#water.ecAt(this.nowMs);
  }

  /** The relay of a pump is told to run for so long, 0 to stop; it obeys a moment later and ends a run by its own timer. */
  tell(tank: TankId, seconds: number, commandId: string): void {
    if (this.#isLost()) return;
    this.#after(100 + 300 * this.#random(), () => {
      this.#switch(tank, seconds > 0, commandId);
      if (seconds === 0) return this.#endsMs.delete(tank);
      const endsMs = this.nowMs + seconds * 1_000;
      this.#endsMs.set(tank, endsMs);
      this.#after(seconds * 1_000, () => {
        if (this.#endsMs.get(tank) === endsMs) this.#switch(tank, false, commandId);
      });
    });
  }

  /** On to a later instant, with so much water in between for a zone. */
  advance(ms: number, zone: string | null, litresPerMinute: number): void {
    const endMs = this.nowMs + ms;
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#flow(next.atMs, zone, litresPerMinute);
      next.run();
    }
    this.#flow(endMs, zone, litresPerMinute);
  }

  /** What the probes say; null: nothing. Nobody waters between 11 and 15 h, and the water has 26 to 30 °C. */
  read(): { readonly ec: (number | null)[]; readonly ph: (number | null)[] } {
    const truth = this.field.truth();
    const celsius = 28 + 2 * Math.sin((2 * Math.PI * this.nowMs) / DAY_MS);
    const ec = this.#probes.ec.map((probe) => probe.read(truth.ecMilliSiemensPerCm, this.nowMs, celsius));
    const ph = this.#probes.ph.map((probe) => probe.read(truth.ph, this.nowMs));
    if (this.failing === null || this.nowMs > this.failing.untilMs) return { ec, ph };
    return { ec: [ec[0] ?? null, this.failing.how === 'dead' ? null : (ec[1] ?? 0) + 0.6], ph };
  }

  /** In the evening a person fills up what is low, or what an alarm has asked for, and puts the probes into a known solution every month. */
  evening(asked: readonly TankId[]): FilledUp[] {
    const day = (this.nowMs - this.#startMs) / DAY_MS;
    if (day - this.#calibratedDay >= CALIBRATED_EVERY_DAYS) {
      this.#calibratedDay = day;
      for (const probe of [...this.#probes.ec, ...this.#probes.ph]) probe.calibrate(this.nowMs);
    }
    return tankIds.flatMap((id) => {
      const tank = this.field.tank(id);
      const capacity = CAPACITY_LITRES[id];
      if (tank.litres > FILL_BELOW * capacity && !asked.includes(id)) return [];
      const read = () => 1_000 * READING_FRACTION * capacity * normal(this.#random);
      const beforeMillilitres = Math.max(0, tank.litres * 1_000 + read());
      const { scale, spread } = this.world.strength;
      const weighed = id === 'acid' ? 1 : scale * (1 + spread * normal(this.#random));
      tank.fill(capacity - tank.litres, weighed);
      return [{ tank: id, beforeMillilitres, afterMillilitres: capacity * 1_000 + read() }];
    });
  }

  #flow(toMs: number, zone: string | null, litresPerMinute: number): void {
    const litres = (litresPerMinute * (toMs - this.nowMs)) / 60_000;
    if (toMs <= this.nowMs) return;
    const byZone = new Map(zone !== null && litres > 0 ? [[zone, litres]] : []);
    this.field.step(this.nowMs, toMs, byZone, this.#water.at(toMs));
    this.nowMs = toMs;
  }

  #switch(tank: TankId, isOn: boolean, commandId: string): void {
    this.field.pump(tank).gate.tell(isOn);
    this.field.look(this.nowMs);
    if (!this.#isLost())
      this.#after(100 + 300 * this.#random(), () => this.words.pump(tank, isOn, commandId));
  }

  #isLost(): boolean {
    return this.#random() < this.world.luck.lostFraction;
  }

  #after(ms: number, run: () => void): void {
    this.#due.push({ atMs: this.nowMs + ms, run });
  }

  #nextDue(untilMs: number): Due | undefined {
    let first = -1;
    for (const [index, { atMs }] of this.#due.entries())
      if (atMs <= untilMs && (first < 0 || atMs < (this.#due[first]?.atMs ?? 0))) first = index;
    return first < 0 ? undefined : this.#due.splice(first, 1)[0];
  }
}
