import { type FarmSpec, isOutput } from '../farm/spec.ts';
import { type ClimateName, climates } from './climates.ts';
import { HeadField } from './dosing/head-field.ts';
import { referenceEvapotranspirationMmPerHour } from './evapotranspiration.ts';
import { seededRandom } from './random.ts';
import { SourceField } from './source-field.ts';
import { localTime, type Site } from './sun.ts';
import type { Truth, TruthDay, TruthEvent } from './truth.ts';
import type { Sky } from './weather.ts';
import { type FieldStep, ZoneField } from './zone-field.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The longest step while water moves, short against a run's length; and while none does, short against a day's weather. */
const WET_STEP_MS = 60_000;
const DRY_STEP_MS = 300_000;
/** The soil's temperature follows the air's with this delay. */
const SOIL_LAG_HOURS = 8;

export function siteOf(farm: FarmSpec): Site {
  return farm.site ?? climates[farm.climate as ClimateName].site;
}

/** Soil, water and pipes of a farm under a sky, moving through the farm's own time. */
export class FarmField {
  readonly site: Site;
  readonly sky: Sky;
  readonly days: TruthDay[] = [];
  readonly events: TruthEvent[] = [];
  readonly #zones: ReadonlyMap<string, ZoneField>;
  readonly #sources: ReadonlyMap<string, SourceField>;
  readonly #heads: ReadonlyMap<string, HeadField>;
  readonly #firstMs: number;
  #atMs: number;
  #soilCelsius: number;
  #rainMm = 0;
  #et0Mm = 0;
  #dayStart = { rainMm: 0, et0Mm: 0 };

  constructor(farm: FarmSpec, sky: Sky, atMs: number, seed: number) {
    this.site = siteOf(farm);
    this.sky = sky;
    this.#firstMs = atMs;
    this.#atMs = atMs;
    this.#soilCelsius = sky.at(atMs).airTemperatureCelsius;
    this.#zones = new Map(
      farm.zones.map((zone) => [zone.id, new ZoneField(zone, seededRandom(seed, `pressure ${zone.id}`))]),
    );
    const outputs = farm.devices.filter(isOutput);
    this.#sources = new Map(
      farm.sources.map((spec) => {
        const zones = farm.zones.filter(({ source }) => source === spec.id).map(({ id }) => this.zone(id));
        const drives = (kind: string) =>
          outputs.some((device) => device.kind === kind && 'source' in device && device.source === spec.id);
        return [
          spec.id,
          new SourceField(
            spec,
            zones,
            { pump: drives('pump'), masterValve: drives('master_valve') },
            { atMs, seed },
          ),
        ];
      }),
    );
    this.#heads = new Map(
      (farm.heads ?? []).map((spec) => [
        spec.id,
        new HeadField(spec, this.source(spec.source).clearWater(atMs), seed),
      ]),
    );
    this.touch();
  }

  get atMs(): number {
    return this.#atMs;
  }

  get rainMm(): number {
    return this.#rainMm;
  }

  get soilTemperatureCelsius(): number {
    return this.#soilCelsius;
  }

  zone(id: string): ZoneField {
    return known(this.#zones, id);
  }

  source(id: string): SourceField {
    return known(this.#sources, id);
  }

  head(id: string): HeadField {
    return known(this.#heads, id);
  }

  sources(): readonly SourceField[] {
    return [...this.#sources.values()];
  }

  /** Lets what was told or broken at this instant take effect. */
  touch(): void {
    for (const head of this.#heads.values()) head.look(this.#atMs);
    for (const [id, zone] of this.#zones) if (zone.look(this.#atMs)) this.#note('valve', id, zone.valve.isOn);
    for (const [id, source] of this.#sources) {
      const moved = source.look(this.#atMs);
      if (moved.pump) this.#note('pump', id, source.pump.isOn);
      if (moved.flushValve) this.#note('flush_valve', id, source.filter?.flushValve.isOn === true);
      if (moved.masterValve) this.#note('master_valve', id, source.masterValve.isOn);
    }
  }

  /** Moves on to a later instant; valves stay as they are. */
  advance(toMs: number): void {
    while (this.#atMs < toMs) this.#step(Math.min(toMs, this.#nextMs()));
  }

  /**
   * Moves on as far as it matters to who only looks: to the instant itself while water moves, else by whole steps of five
   * minutes, in which the soil dries by a few hundredths of a millimetre.
   */
  follow(toMs: number): void {
    while (this.#atMs < toMs) {
      const nextMs = this.#nextMs();
      if (nextMs > toMs && nextMs - this.#atMs > WET_STEP_MS) return;
      this.#step(Math.min(toMs, nextMs));
    }
  }

  /** Moves on by whole steps only, which is what would have happened anyway: asking leaves no trace. */
  settle(toMs: number): void {
    for (let nextMs = this.#nextMs(); nextMs <= toMs; nextMs = this.#nextMs()) this.#step(nextMs);
  }

  truth(): Truth {
    const tell = <Part extends { truth(atMs: number): unknown }>(parts: ReadonlyMap<string, Part>) =>
      Object.fromEntries(
        [...parts].map(([id, part]) => [id, part.truth(this.#atMs) as ReturnType<Part['truth']>]),
      );
    return {
      ...{ atMs: this.#atMs, rainMm: this.#rainMm, et0Mm: this.#et0Mm },
      ...{ zones: tell(this.#zones), sources: tell(this.#sources), heads: tell(this.#heads) },
    };
  }

  /** Where the next step ends at the latest. A tank that ran empty or a filter that clogged changes what flows. */
  #nextMs(): number {
    this.touch();
    return nextOn(this.#isWet() ? WET_STEP_MS : DRY_STEP_MS, this.#atMs);
  }

  #isWet(): boolean {
    if (this.sky.rainMm(this.#atMs, nextOn(DRY_STEP_MS, this.#atMs)) > 0) return true;
    for (const source of this.#sources.values()) if (source.isWorking) return true;
    for (const head of this.#heads.values()) if (head.isMoving) return true;
    return false;
  }

  #step(toMs: number): void {
    const fromMs = this.#atMs;
    const hours = (toMs - fromMs) / HOUR_MS;
    const weather = this.sky.at((fromMs + toMs) / 2);
    const step: FieldStep = {
      ...{ fromMs, toMs, hours, days: (fromMs - this.#firstMs) / DAY_MS },
      rainMm: this.sky.rainMm(fromMs, toMs),
      et0Mm: referenceEvapotranspirationMmPerHour(weather, this.site.altitudeMetres) * hours,
    };
    const passed = new Map([...this.#zones].map(([id, zone]) => [id, zone.passedLitres]));
    for (const source of this.#sources.values()) source.step(step);
    for (const head of this.#heads.values()) this.#feed(head, step, passed);
    this.#rainMm += step.rainMm;
    this.#et0Mm += step.et0Mm;
    const lag = 1 - Math.exp(-hours / SOIL_LAG_HOURS);
    this.#soilCelsius += lag * (weather.airTemperatureCelsius - this.#soilCelsius);
    this.#atMs = toMs;
    const { day, hours: hour } = localTime(toMs, this.site);
    if (hour === 0) this.#endDay(day - 1);
  }

  /** The water that has just passed to a head's zones went through it. */
  #feed(head: HeadField, { fromMs, toMs }: FieldStep, passed: ReadonlyMap<string, number>): void {
    const source = this.source(head.spec.source);
    const litres = new Map(
      [...this.#zones]
        .filter(([, zone]) => zone.spec.source === head.spec.source)
        .map(([id, zone]) => [id, zone.passedLitres - (passed.get(id) ?? 0)]),
    );
    head.step(fromMs, toMs, litres, source.clearWater(toMs));
    source.fedEc = head.ecMilliSiemensPerCm;
  }

  #endDay(day: number): void {
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const sky = { rainMm: this.#rainMm - this.#dayStart.rainMm, et0Mm: this.#et0Mm - this.#dayStart.et0Mm };
    for (const zone of this.#zones.values()) this.days.push(zone.endDay(date, sky));
    this.#dayStart = { rainMm: this.#rainMm, et0Mm: this.#et0Mm };
  }

  #note(what: TruthEvent['what'], id: string, isOn: boolean): void {
    this.events.push({ atMs: this.#atMs, what, id, isOn });
  }
}

/** The next instant on a grid of so many milliseconds. */
function nextOn(gridMs: number, atMs: number): number {
  return Math.floor(atMs / gridMs) * gridMs + gridMs;
}

function known<Part>(parts: ReadonlyMap<string, Part>, id: string): Part {
  const part = parts.get(id);
  if (part === undefined) throw new RangeError(`the farm has no ${id}`);
  return part;
}
