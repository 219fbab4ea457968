import type { ZoneSpec } from '../farm/spec.ts';
import { Crop } from './crop.ts';
import { Gate } from './gate.ts';
import { flowLitresPerMinute, litresBetween, type Outlet, outletFlow, quarterShares } from './hydraulics.ts';
import { Overlay } from './overlay.ts';
import { normal, type Random } from './random.ts';
import { type SaltLoad, stepSalt } from './salt.ts';
import {
  moistureAt,
  type RootZone,
  rootZone,
  type SoilFluxes,
  type SoilProfile,
  type SoilWater,
  soilAt,
  stepSoil,
  totalMm,
} from './soil.ts';
import type { TruthDay, ZoneTruth } from './truth.ts';

const FIRST_PORE_EC = 2;
/** The pressure is never twice the same. */
const PRESSURE_SPREAD = 0.02;
const STRESS_SHARE = 0.99;

/** What one step brings to every zone. */
export interface FieldStep {
  readonly fromMs: number;
  readonly toMs: number;
  readonly hours: number;
  /** Days since the simulation began. */
  readonly days: number;
  readonly rainMm: number;
  readonly et0Mm: number;
}

interface Flows {
  readonly emitters: number;
  readonly burst: number;
}

interface Clog {
  readonly flowFactor: number;
  readonly uniformity: number;
}

/** One zone: its valve, its emitters, the soil under four quarters of it. */
export class ZoneField {
  readonly spec: ZoneSpec;
  readonly valve = new Gate();
  /** L/min at the emitters' pressure that pass a closed valve. */
  readonly leak = new Overlay<number>();
  /** L/min at the emitters' pressure that leave by a hole in its pipe, behind the valve. */
  readonly burst = new Overlay<number>();
  readonly clog = new Overlay<Clog>();
  readonly profile: SoilProfile;
  readonly #crop: Crop;
  readonly #random: Random;
  /** By quarter, or one for all while all get the same. */
  #soils: SoilWater[];
  readonly #shares: readonly number[];
  #salt: SaltLoad;
  #flowingSinceMs: number | undefined;
  #pressureShare = 1;
  #steady: Flows = { emitters: 0, burst: 0 };
  #days = 0;
  #root: RootZone | undefined;
  readonly #sums = {
    ...{ openings: 0, openSeconds: 0, longestOpenSeconds: 0 },
    ...{ passedLitres: 0, deliveredLitres: 0, burstLitres: 0, leakedLitres: 0 },
    ...{
      irrigationMm: 0,
      evapotranspirationMm: 0,
      demandMm: 0,
      percolationMm: 0,
      runoffMm: 0,
      stressDays: 0,
    },
  };
  #dayStart = { ...this.#sums };
  readonly #firstStoredMm: number;

  constructor(spec: ZoneSpec, random: Random) {
    this.spec = spec;
    this.#random = random;
    this.#crop = new Crop(spec.crop);
    const { layers, infiltrationMmPerHour = Number.POSITIVE_INFINITY, surfaceStorageMm = 0 } = spec.soil;
    this.profile = { layers, infiltrationMmPerHour, surfaceStorageMm };
    this.#shares = quarterShares(spec.emitters.uniformity);
    this.#soils = this.#shares.map(() => soilAt(this.profile, spec.firstMoisture));
    this.#firstStoredMm = this.#meanStoredMm();
    this.#salt = FIRST_PORE_EC * this.#firstStoredMm;
  }

  /** All water that has passed its valve. */
  get passedLitres(): number {
    return this.#sums.passedLitres;
  }

  get salt(): SaltLoad {
    return this.#salt;
  }

  get storedMm(): number {
    return this.#meanStoredMm();
  }

  /** Notices what its valve did; true when it moved. */
  look(atMs: number): boolean {
    const sinceMs = this.valve.sinceMs;
    const change = this.valve.look(atMs);
    if (change === 'on') {
      this.#sums.openings += 1;
      this.#pressureShare = 1 + PRESSURE_SPREAD * normal(this.#random);
    }
    if (change === 'off' && sinceMs !== null) this.#noteOpen(atMs - sinceMs);
    return change !== undefined;
  }

  /** Where water would leave now: emitters (or a leak into them), and a burst. */
  outlets(): { readonly emitters: Outlet | undefined; readonly burst: Outlet | undefined } {
    const { litresPerMinute, atKpa, exponent } = this.spec.emitters;
    if (!this.valve.isOn) {
      const leak = this.leak.value;
      return {
        emitters: leak === undefined ? undefined : { litresPerMinute: leak, atKpa, exponent: 0.5 },
        burst: undefined,
      };
    }
    const share = (this.clog.value?.flowFactor ?? 1) * this.#pressureShare;
    const hole = this.burst.value;
    return {
      emitters: { litresPerMinute: litresPerMinute * share, atKpa, exponent },
      burst: hole === undefined ? undefined : { litresPerMinute: hole, atKpa, exponent: 0.5 },
    };
  }

  /** The pressure before its valve, from this instant on. */
  pressurize(pressureKpa: number, atMs: number): void {
    const { emitters, burst } = this.outlets();
    this.#steady = {
      emitters: emitters ? outletFlow(emitters, pressureKpa) : 0,
      burst: burst ? outletFlow(burst, pressureKpa) : 0,
    };
    if (this.#steady.emitters + this.#steady.burst <= 0) this.#flowingSinceMs = undefined;
    else this.#flowingSinceMs ??= atMs;
  }

  get isFlowing(): boolean {
    return this.#flowingSinceMs !== undefined;
  }

  flowLitresPerMinute(atMs: number): number {
    if (this.#flowingSinceMs === undefined) return 0;
    const { emitters, burst } = this.#steady;
    return flowLitresPerMinute(emitters + burst, (atMs - this.#flowingSinceMs) / 1000);
  }

  /** Litres that would pass in a step, were there water enough. */
  wantedLitres(fromMs: number, toMs: number): number {
    const since = this.#flowingSinceMs;
    if (since === undefined) return 0;
    const { emitters, burst } = this.#steady;
    return litresBetween(emitters + burst, (fromMs - since) / 1000, (toMs - since) / 1000);
  }

  /** @param litres that pass in this step */
  step(step: FieldStep, litres: number, waterEc: number): void {
    const { emitters, burst } = this.#steady;
    const delivered = litres === 0 ? 0 : (litres * emitters) / (emitters + burst);
    this.#days = step.days;
    this.#root = undefined;
    const sums = this.#sums;
    sums.passedLitres += litres;
    sums.deliveredLitres += delivered;
    sums.burstLitres += litres - delivered;
    if (!this.valve.isOn) sums.leakedLitres += delivered;
    else sums.openSeconds += (step.toMs - step.fromMs) / 1000;
    const { areaM2, wettedFraction = 1, applicationEfficiency = 1 } = this.spec;
    const irrigationMm = (delivered * applicationEfficiency) / (areaM2 * wettedFraction);
    const demandMm = (this.#crop.kc(step.days) * step.et0Mm) / wettedFraction;
    const before = this.#meanStoredMm();
    const fluxes = this.#stepSoils(step, irrigationMm, demandMm);
    const irrigation = { mm: irrigationMm, ec: waterEc };
    this.#salt = stepSalt(this.#salt, before + step.rainMm, irrigation, fluxes);
    sums.irrigationMm += irrigationMm;
    sums.demandMm += Math.max(0, demandMm);
    sums.evapotranspirationMm += fluxes.evapotranspirationMm;
    sums.percolationMm += fluxes.percolationMm;
    sums.runoffMm += fluxes.runoffMm;
  }

  /** Ends a local day; `sky` is what fell and what the reference crop took on it. */
  endDay(date: string, sky: { rainMm: number; et0Mm: number }): TruthDay {
    const [sums, start] = [this.#sums, this.#dayStart];
    const demandMm = sums.demandMm - start.demandMm;
    const evapotranspirationMm = sums.evapotranspirationMm - start.evapotranspirationMm;
    const isStressed = evapotranspirationMm < STRESS_SHARE * demandMm;
    if (isStressed) sums.stressDays += 1;
    this.#dayStart = { ...sums };
    return {
      ...{ date, zone: this.spec.id, ...sky, demandMm, evapotranspirationMm, isStressed },
      irrigationMm: sums.irrigationMm - start.irrigationMm,
      percolationMm: sums.percolationMm - start.percolationMm,
      deliveredLitres: sums.deliveredLitres - start.deliveredLitres,
      depletionMm: this.rootZone().depletionMm,
    };
  }

  /** Of the whole zone. */
  rootZone(): RootZone {
    this.#root ??= meanOf(this.#soils.map((soil) => this.#rootZoneOf(soil)));
    return this.#root;
  }

  /** θ where a probe stands: in a quarter or where it is typical, at a depth or over the root zone. */
  probedMoisture(depthMetres: number | undefined, quarter: number | undefined): number {
    const soils = quarter === undefined ? this.#soils : [this.#soils[quarter] ?? this.#soils[0]];
    const values = soils.flatMap((soil) => {
      if (soil === undefined) return [];
      return depthMetres === undefined
        ? this.#rootZoneOf(soil).moisture
        : moistureAt(soil, this.profile, depthMetres);
    });
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  truth(atMs: number): ZoneTruth {
    const { sinceMs } = this.valve;
    const openMs = sinceMs === null ? 0 : atMs - sinceMs;
    const sums = this.#sums;
    return {
      ...sums,
      ...this.rootZone(),
      openSinceMs: sinceMs,
      longestOpenSeconds: Math.max(sums.longestOpenSeconds, openMs / 1000),
      flowLitresPerMinute: this.flowLitresPerMinute(atMs),
      storedMm: this.#meanStoredMm(),
      firstStoredMm: this.#firstStoredMm,
    };
  }

  #noteOpen(ms: number): void {
    this.#sums.longestOpenSeconds = Math.max(this.#sums.longestOpenSeconds, ms / 1000);
  }

  #stepSoils(step: FieldStep, irrigationMm: number, demandMm: number): SoilFluxes {
    const clog = this.clog.value;
    const shares = clog === undefined ? this.#shares : quarterShares(clog.uniformity);
    // Once quarters differ they stay apart, also when all get the same again.
    const [only] = this.#soils;
    if (shares.length > this.#soils.length && only !== undefined)
      this.#soils = shares.map(() => ({ storedMm: [...only.storedMm], pondedMm: only.pondedMm }));
    const count = this.#soils.length;
    let [evapotranspirationMm, percolationMm, runoffMm] = [0, 0, 0];
    const rootDepthMetres = this.#crop.rootDepthMetres(step.days);
    for (let index = 0; index < count; index += 1) {
      const soil = this.#soils[index];
      if (soil === undefined) break;
      const fluxes = stepSoil(soil, this.profile, {
        hours: step.hours,
        waterInMm: step.rainMm + irrigationMm * (shares[index] ?? 1),
        ...{ demandMm, rootDepthMetres, depletionShare: this.#crop.depletionShare },
      });
      evapotranspirationMm += fluxes.evapotranspirationMm / count;
      percolationMm += fluxes.percolationMm / count;
      runoffMm += fluxes.runoffMm / count;
    }
    return { evapotranspirationMm, percolationMm, runoffMm };
  }

  #rootZoneOf(soil: SoilWater): RootZone {
    const depth = this.#crop.rootDepthMetres(this.#days);
    return rootZone(soil, this.profile, depth, this.#crop.depletionShare);
  }

  #meanStoredMm(): number {
    return this.#soils.reduce((sum, soil) => sum + totalMm(soil), 0) / this.#soils.length;
  }
}

function meanOf(zones: readonly RootZone[]): RootZone {
  const mean = (of: (zone: RootZone) => number) =>
    zones.reduce((sum, zone) => sum + of(zone), 0) / zones.length;
  return {
    totalAvailableMm: mean((zone) => zone.totalAvailableMm),
    readilyAvailableMm: mean((zone) => zone.readilyAvailableMm),
    depletionMm: mean((zone) => zone.depletionMm),
    stressFactor: mean((zone) => zone.stressFactor),
    moisture: mean((zone) => zone.moisture),
  };
}
