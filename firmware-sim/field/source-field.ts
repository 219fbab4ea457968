import type { SourceSpec } from '../farm/spec.ts';
import type { Solution } from './dosing/solution.ts';
import { SourceWater } from './dosing/source-water.ts';
import { Filter } from './filter.ts';
import { Gate } from './gate.ts';
import { litresBetween, type Outlet, operatingKpa, outletFlow, pumpKpa } from './hydraulics.ts';
import { Overlay } from './overlay.ts';
import { stepTank, type Tank } from './tank.ts';
import type { SourceTruth } from './truth.ts';
import type { FieldStep, ZoneField } from './zone-field.ts';

/** Where a burst of the main is rated. */
const BURST_AT_KPA = 100;

/** Which of its parts a device drives; what no device drives works by itself. */
export interface Driven {
  readonly pump: boolean;
  readonly masterValve: boolean;
}

/** A source and the pipes behind it: tank, pump, filter, master valve, and the zones that share its flow. */
export class SourceField {
  readonly spec: SourceSpec;
  readonly pump = new Gate();
  readonly masterValve = new Gate();
  /** Multiplies the pressure. */
  readonly pressureFactor = new Overlay<number>();
  /** Litres a minute at 100 kPa that the main loses, behind the master valve. */
  readonly burst = new Overlay<number>();
  /** False: nothing runs into the tank. */
  readonly inflow = new Overlay<boolean>();
  /** mS/cm more than what its clear water has by itself. */
  readonly ecMore = new Overlay<number>();
  /** What reaches the zones where a dosing head stands between: mS/cm. */
  fedEc: number | undefined;
  readonly filter: Filter | undefined;
  readonly #zones: readonly ZoneField[];
  readonly #driven: Driven;
  #tank: Tank | undefined;
  #pressureKpa = 0;
  #burstSinceMs: number | undefined;
  #burstFlow = 0;
  #beforeFilterKpa = 0;
  #pumpStarts = 0;
  readonly #sums = { passedLitres: 0, burstLitres: 0, pumpSeconds: 0, deadHeadSeconds: 0, dryRunSeconds: 0 };

  readonly #water: SourceWater;

  constructor(
    spec: SourceSpec,
    zones: readonly ZoneField[],
    driven: Driven,
    start: { readonly atMs: number; readonly seed: number },
  ) {
    const { alkalinityMilliequivalentsPerLitre: alkalinity = 2, ...changing } = spec.changing ?? {};
    const { ecMilliSiemensPerCm: ec = 0.5, ph = 7 } = spec;
    this.#water = new SourceWater({ ...changing, ec, ph, alkalinity }, start.atMs, start.seed);
    this.spec = spec;
    this.#zones = zones;
    this.#driven = driven;
    this.filter = spec.filter && new Filter(spec.filter);
    if (spec.tank)
      this.#tank = { litres: spec.tank.firstLitres, filling: spec.tank.fillBelowFraction === undefined };
  }

  /** Clear water at an instant, before anything is dosed into it. */
  clearWater(atMs: number): Solution {
    return this.#water.at(atMs, this.#ecMore);
  }

  clearEc(atMs: number): number {
    return this.#water.ecAt(atMs) + this.#ecMore;
  }

  get #ecMore(): number {
    return this.ecMore.values.reduce((sum, one) => sum + one, 0);
  }

  get tank(): Tank | undefined {
    return this.#tank;
  }

  get passedLitres(): number {
    return this.#sums.passedLitres;
  }

  get pressureKpa(): number {
    return this.#pressureKpa;
  }

  get beforeFilterKpa(): number {
    return this.#beforeFilterKpa;
  }

  /** Empties the tank at once. */
  drain(): void {
    if (this.#tank) this.#tank = { ...this.#tank, litres: 0 };
  }

  /** Notices what pump and master valve did, and what that does to the pressure. */
  look(atMs: number): Record<'pump' | 'masterValve' | 'flushValve', boolean> {
    if (!this.#driven.masterValve) this.masterValve.tell(true);
    if (this.spec.pump && !this.#driven.pump) this.pump.tell(this.#isAsked());
    const pump = this.spec.pump ? this.pump.look(atMs) : undefined;
    if (pump === 'on') this.#pumpStarts += 1;
    const masterValve = this.masterValve.look(atMs) !== undefined && this.#driven.masterValve;
    const flushValve = this.filter?.flushValve.look(atMs) !== undefined;
    this.#solve(atMs);
    return { pump: pump !== undefined, masterValve, flushValve };
  }

  flowLitresPerMinute(atMs: number): number {
    return this.#zones.reduce((sum, zone) => sum + zone.flowLitresPerMinute(atMs), this.#lostFlow);
  }

  /** Through a burst of the main, and out of the filter. */
  get #lostFlow(): number {
    return this.#burstFlow + (this.filter?.flushFlow ?? 0);
  }

  /** Water moves, or a pump turns. */
  get isWorking(): boolean {
    return (
      (this.spec.pump !== undefined && this.pump.isOn) ||
      this.#lostFlow > 0 ||
      this.#zones.some((zone) => zone.isFlowing)
    );
  }

  step(step: FieldStep): void {
    const { fromMs, toMs } = step;
    const wanted = this.#zones.map((zone) => zone.wantedLitres(fromMs, toMs));
    const since = this.#burstSinceMs;
    const burst =
      since === undefined
        ? 0
        : litresBetween(this.#burstFlow, (fromMs - since) / 1000, (toMs - since) / 1000);
    const seconds = (toMs - fromMs) / 1000;
    const flush = ((this.filter?.flushFlow ?? 0) * seconds) / 60;
    const asked = wanted.reduce((sum, litres) => sum + litres, burst + flush);
    const share = asked === 0 ? 1 : Math.min(1, this.#availableLitres(step.hours) / asked);
    for (const [index, zone] of this.#zones.entries())
      zone.step(step, (wanted[index] ?? 0) * share, this.fedEc ?? this.clearEc(fromMs));
    this.#count(step, asked * share, burst * share);
    this.filter?.step(seconds, asked * share, flush * share);
    this.#fill(step.hours, asked * share);
  }

  truth(atMs: number): SourceTruth {
    return {
      ...this.#sums,
      flushLitres: this.filter?.flushLitres ?? 0,
      pressureKpa: this.#pressureKpa,
      flowLitresPerMinute: this.flowLitresPerMinute(atMs),
      tankLitres: this.#tank?.litres ?? null,
      pumpOnSinceMs: this.pump.sinceMs,
      pumpStarts: this.#pumpStarts,
      masterOpenSinceMs: this.masterValve.sinceMs,
    };
  }

  #count({ fromMs, toMs }: FieldStep, passedLitres: number, burstLitres: number): void {
    const sums = this.#sums;
    const seconds = (toMs - fromMs) / 1000;
    sums.passedLitres += passedLitres;
    sums.burstLitres += burstLitres;
    if (!this.spec.pump || !this.pump.isOn) return;
    sums.pumpSeconds += seconds;
    if (this.#isEmpty()) sums.dryRunSeconds += seconds;
    const isOpen = this.#zones.some((zone) => zone.valve.isOn) || this.filter?.outlet !== undefined;
    if (!this.masterValve.isOn || !isOpen) sums.deadHeadSeconds += seconds;
  }

  #solve(atMs: number): void {
    const isOpen = this.masterValve.isOn;
    const hole = this.burst.value;
    const burst: Outlet | undefined =
      hole === undefined || !isOpen
        ? undefined
        : { litresPerMinute: hole, atKpa: BURST_AT_KPA, exponent: 0.5 };
    const outlets = isOpen
      ? this.#zones.flatMap((zone) => Object.values(zone.outlets()).filter((outlet) => outlet !== undefined))
      : [];
    if (burst) outlets.push(burst);
    const flush = isOpen ? this.filter?.outlet : undefined;
    if (flush) outlets.push(flush);
    const { filter, liftMetres = 0 } = this.spec;
    this.#pressureKpa = operatingKpa(
      {
        kpaAt: (flow) => this.#givenKpa(flow),
        liftMetres,
        filter: filter && { lossKpa: this.filter?.lossKpa ?? 0, atLitresPerMinute: filter.atLitresPerMinute },
      },
      outlets,
    );
    const behindKpa = isOpen ? this.#pressureKpa : 0;
    this.filter?.pressurize(behindKpa);
    const flow = outlets.reduce((sum, outlet) => sum + outletFlow(outlet, this.#pressureKpa), 0);
    this.#beforeFilterKpa = this.#pressureKpa + (this.filter?.lossAt(flow) ?? 0);
    for (const zone of this.#zones) zone.pressurize(behindKpa, atMs);
    this.#burstFlow = burst ? outletFlow(burst, behindKpa) : 0;
    if (this.#burstFlow <= 0) this.#burstSinceMs = undefined;
    else this.#burstSinceMs ??= atMs;
  }

  #givenKpa(flow: number): number {
    if (this.#isEmpty()) return 0;
    const factor = this.pressureFactor.values.reduce((product, value) => product * value, 1);
    const { pump, pressureKpa = 0 } = this.spec;
    if (pump === undefined) return pressureKpa * factor;
    return this.pump.isOn ? pumpKpa(pump, flow) * factor : 0;
  }

  /** Whether anything behind it takes water, so that a pump with a pressure switch starts. */
  #isAsked(): boolean {
    return (
      this.#zones.some((zone) => zone.valve.isOn || zone.leak.value !== undefined) ||
      this.burst.value !== undefined
    );
  }

  #isEmpty(): boolean {
    return this.#tank !== undefined && this.#tank.litres <= 0;
  }

  #availableLitres(hours: number): number {
    if (this.#tank === undefined) return Number.POSITIVE_INFINITY;
    return this.#tank.litres + (this.#tank.filling ? this.#inflowLitresPerHour() * hours : 0);
  }

  #inflowLitresPerHour(): number {
    return this.inflow.value === false ? 0 : (this.spec.tank?.inflowLitresPerHour ?? 0);
  }

  #fill(hours: number, drawnLitres: number): void {
    const { tank } = this.spec;
    if (this.#tank === undefined || tank === undefined) return;
    const build = {
      capacityLitres: tank.capacityLitres,
      inflowLitresPerHour: this.#inflowLitresPerHour(),
      fillBelowFraction: tank.fillBelowFraction ?? 1,
      fillUpToFraction: tank.fillUpToFraction ?? 1,
    };
    this.#tank = stepTank(this.#tank, build, { hours, drawnLitres });
  }
}
