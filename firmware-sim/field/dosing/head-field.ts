import type { DosingHeadSpec } from '../../farm/dosing-head.ts';
import { type Random, seededRandom } from '../random.ts';
import { DosePump } from './dose-pump.ts';
import { MixingPipe } from './mixing-pipe.ts';
import { blend, type Contents, ecOf, nothing, phOf, type Solution } from './solution.ts';
import { StockTank } from './stock-tank.ts';

/** A pulse of a second is a slug in the pipe: no step is longer while a pump gives, and none much longer while water flows. */
const DOSING_STEP_MS = 1_000;
const CLEAR_STEP_MS = 5_000;

export interface HeadTruth {
  /** Of the water behind the mixing, at 25 °C. */
  readonly ecMilliSiemensPerCm: number;
  readonly ph: number;
  readonly waterLitres: number;
  readonly tanks: Readonly<
    Record<string, { readonly litres: number; readonly drawnLitres: number; readonly isRunning: boolean }>
  >;
  /** What has left the head, by zone, g; with what was in the clear water there is none of it. */
  readonly grams: Readonly<
    Record<string, { readonly N: number; readonly P2O5: number; readonly K2O: number }>
  >;
}

interface TankAndPump {
  readonly tank: StockTank;
  readonly pump: DosePump;
}

/** Tanks, pumps and pipe of a dosing head: what was drawn from the tanks is in the water, or still in the pipe. */
export class HeadField {
  readonly spec: DosingHeadSpec;
  readonly #pipe: MixingPipe;
  readonly #tanks: ReadonlyMap<string, TankAndPump>;
  readonly #grams = new Map<string, Contents>();
  #waterLitres = 0;
  #litresPerMinute = 0;
  /** Stock that came while no water flowed: it stays where it comes in. */
  #waiting = { litres: 0, contents: nothing };

  constructor(spec: DosingHeadSpec, first: Solution, seed: number) {
    this.spec = spec;
    this.#pipe = new MixingPipe(
      { plugLitres: spec.plugLitres, chamberLitres: spec.chamberLitres, chambers: spec.chambers ?? 1 },
      first,
    );
    this.#tanks = new Map(
      spec.tanks.map(({ id, stock, firstLitres, strength = 1, pump }) => {
        const random: Random = seededRandom(seed, `dose pump ${spec.id} ${id}`);
        return [id, { tank: new StockTank(stock, firstLitres, strength), pump: new DosePump(pump, random) }];
      }),
    );
  }

  tank(id: string): StockTank {
    return this.#part(id).tank;
  }

  pump(id: string): DosePump {
    return this.#part(id).pump;
  }

  /** Notices what pumps were told. */
  look(atMs: number): void {
    for (const { pump } of this.#tanks.values()) pump.look(atMs);
  }

  /** Stock moves, or will in a moment. */
  get isMoving(): boolean {
    return [...this.#tanks.values()].some(({ pump }) => pump.isMoving);
  }

  /** What a pump gives now. */
  litresPerMinute(tank: string): number {
    const { pump } = this.#part(tank);
    return pump.gate.isOn ? (pump.rate(this.#litresPerMinute) * 60) / 1000 : 0;
  }

  /** Water flows through it, shared out to zones by their litres; without any, what a pump gives stays where it comes in. */
  step(fromMs: number, toMs: number, litresByZone: ReadonlyMap<string, number>, water: Solution): void {
    const litres = [...litresByZone.values()].reduce((sum, one) => sum + one, 0);
    const { isMoving } = this;
    this.#litresPerMinute = toMs > fromMs ? (litres / (toMs - fromMs)) * 60_000 : 0;
    if (!isMoving && litres === 0) return;
    const stepMs = isMoving ? DOSING_STEP_MS : CLEAR_STEP_MS;
    const parts = Math.max(1, Math.ceil((toMs - fromMs) / stepMs));
    const ms = (toMs - fromMs) / parts;
    let out = nothing;
    for (let part = 0; part < parts; part += 1) {
      const beganMs = fromMs + part * ms;
      const { drawnLitres, contents } = this.#drawn(beganMs, beganMs + ms, this.#litresPerMinute);
      const share = litres / parts;
      const stock = blend(this.#waiting.contents, 1, contents, 1);
      const stockLitres = this.#waiting.litres + drawnLitres;
      const flows = share > 0;
      this.#waiting = flows ? { litres: 0, contents: nothing } : { litres: stockLitres, contents: stock };
      if (flows) out = blend(out, 1, this.#pipe.push(share + stockLitres, blend(stock, 1, water, share)), 1);
    }
    this.#waterLitres += litres;
    for (const [zone, own] of litresByZone)
      if (litres > 0) this.#grams.set(zone, blend(this.#grams.get(zone) ?? nothing, 1, out, own / litres));
  }

  /** All that is in it and has not left it yet. */
  get held(): Contents {
    return blend(this.#pipe.held, 1, this.#waiting.contents, 1);
  }

  get ph(): number {
    return phOf(this.#pipe.atEnd);
  }

  /** mS/cm at 25 °C of the water behind the mixing. */
  get ecMilliSiemensPerCm(): number {
    return ecOf(this.#pipe.atEnd);
  }

  truth(): HeadTruth {
    return {
      ...{ ecMilliSiemensPerCm: this.ecMilliSiemensPerCm, ph: this.ph, waterLitres: this.#waterLitres },
      tanks: Object.fromEntries(
        [...this.#tanks].map(([id, { tank, pump }]) => [
          id,
          { litres: tank.litres, drawnLitres: tank.drawnLitres, isRunning: pump.gate.isOn },
        ]),
      ),
      grams: Object.fromEntries(
        [...this.#grams].map(([zone, { nitrogen, phosphate, potash }]) => [
          zone,
          { N: nitrogen, P2O5: phosphate, K2O: potash },
        ]),
      ),
    };
  }

  #drawn(fromMs: number, toMs: number, litresPerMinute: number) {
    let [drawnLitres, contents] = [0, nothing];
    for (const { tank, pump } of this.#tanks.values()) {
      const litres = pump.run(fromMs, toMs, litresPerMinute, (wanted) => tank.draw(wanted));
      if (litres === 0) continue;
      drawnLitres += litres;
      contents = blend(contents, 1, tank.stock, litres);
    }
    return { drawnLitres, contents };
  }

  #part(id: string): TankAndPump {
    const part = this.#tanks.get(id);
    if (part === undefined) throw new RangeError(`the dosing head ${this.spec.id} has no tank ${id}`);
    return part;
  }
}
