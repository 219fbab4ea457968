import type { JournalRecord, Reason, RunRecord, WaterBalanceRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import type { WeatherHour } from '../../farm-weather/farm-weather.ts';
import { loadLibrary } from '../crop-water/library.ts';
import { type ZoneModel, zoneModel } from '../crop-water/zone-model.ts';
import { type FarmSite, WaterLedger } from './water-ledger.ts';

export const HOUR_MS = 3_600_000;
/** Midnight in Vietnam. */
export const firstMs = Date.UTC(2026, 1, 9, 17);
export const site: FarmSite = {
  ...{ latitudeDegrees: 10.93, longitudeDegrees: 108.1, elevationMetres: 20, isCoastal: true },
  ...{ windHeightMetres: 2, timeZone: 'Asia/Ho_Chi_Minh' },
};
export const model = zoneModel(
  {
    ...{ crop: 'dragon-fruit-high', soil: 'sandy-loam', areaSquareMetres: 1_000, method: 'drip' },
    ...{ fieldCapacity: 0.26, wiltingPoint: 0.1, rootDepthMetres: 0.4, efficiency: 0.9 },
    rootedFraction: 0.5,
  },
  loadLibrary(),
);

/** A dry, sunny hour of the dry season. */
function hourAt(startMs: number): WeatherHour {
  const local = new Date(startMs + 7 * HOUR_MS).getUTCHours();
  const sun = Math.max(0, Math.sin((Math.PI * (local - 6)) / 12));
  const celsius = 22 + 9 * sun;
  return {
    ...{ startMs, atMs: startMs + HOUR_MS, samples: 6, rain: 0, gauges: [] },
    airTemperature: { min: celsius - 0.5, max: celsius + 0.5, mean: celsius },
    relativeHumidity: { min: 70 - 20 * sun, max: 90 - 20 * sun, mean: 80 - 20 * sun },
    ...{ dewPoint: null, airPressure: null, windSpeed: 2, solarRadiation: 850 * sun },
  };
}

/** A farm with one zone and its ledger: a journal that outlives it, and weather, water and time by the tests' word. */
export class Farm {
  nowMs = firstMs + 8 * HOUR_MS;
  readonly records: JournalRecord[] = [];
  readonly runs: RunRecord[] = [];
  readonly doubts: (Reason | null)[] = [];
  readonly weatherDoubts: string[][] = [];
  windTimes: (ms: number) => number = () => 1;
  zones: Record<string, ZoneModel> = { a1: model };
  site = site;
  isTrusted = true;
  isWeatherTold = true;
  isHourTold: (startMs: number) => boolean = () => true;
  rainMm = new Map<number, number>();
  ledger = this.boot();

  boot(): WaterLedger {
    this.ledger = new WaterLedger({
      journal: {
        appendRecord: async (record) => this.records.push(record),
        records: async () => this.days().toReversed(),
      },
      weather: { hours: (fromMs, toMs) => this.hours(fromMs, toMs) },
      zones: () => new Map(Object.entries(this.zones)),
      site: () => this.site,
      nowMs: () => this.nowMs,
      isClockTrusted: () => this.isTrusted,
      onProbe: (_zone, disagreement) => this.doubts.push(disagreement),
      onWeather: (doubts) => this.weatherDoubts.push(doubts.map(({ key }) => key)),
      logger: pino({ enabled: false }),
    });
    return this.ledger;
  }

  hours(fromMs: number, toMs: number): WeatherHour[] {
    if (!this.isWeatherTold) return [];
    const from = Math.max(firstMs, Math.ceil(fromMs / HOUR_MS) * HOUR_MS);
    const count = Math.max(0, Math.ceil((Math.min(toMs, this.nowMs) - from) / HOUR_MS));
    return Array.from({ length: count }, (_, index) => {
      const hour = hourAt(from + index * HOUR_MS);
      const windSpeed = (hour.windSpeed ?? 0) * this.windTimes(hour.startMs);
      return { ...hour, windSpeed, rain: this.rainMm.get(hour.startMs) ?? 0 };
    }).filter(({ startMs }) => this.isHourTold(startMs));
  }

  wait(hours: number): void {
    for (let hour = 0; hour < hours; hour++) {
      this.nowMs += HOUR_MS;
      this.ledger.tick();
    }
  }

  /** The probe says so every hour. */
  probe(soilMoisture: number, hours: number): void {
    for (let hour = 0; hour < hours; hour++) {
      this.ledger.onSoilMoisture('a1', soilMoisture);
      this.wait(1);
    }
  }

  given(litres: number | null, plannedLitres = 0): void {
    const run: RunRecord = {
      ...{ kind: 'run', runId: `run-${this.runs.length}`, zone: 'a1', valve: 'v', plannedLitres },
      ...{
        startedAtMs: this.nowMs - HOUR_MS,
        endedAtMs: this.nowMs,
        plannedSeconds: 3_600,
        actualSeconds: 3_600,
      },
      ...{ measuredLitres: litres, soilMoistureBefore: null, soilMoistureAfter: null, outcome: 'completed' },
      reason: { key: 'program_depletion', figures: {} },
    };
    this.runs.push(run);
    this.ledger.onRun(run);
  }

  days(): WaterBalanceRecord[] {
    return this.records.filter((record) => record.kind === 'water_balance');
  }

  depletionMm(): number {
    return this.ledger.depletion('a1')?.depletionMm ?? Number.NaN;
  }
}
