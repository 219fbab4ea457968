import type { JournalRecord, WeatherHourRecord } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import { isFitForControl } from '../ingest/quality.ts';
import { closed, type Gathering, gather, hourOf, newHour, type WeatherReading } from './hour.ts';

/** An hour of the farm's weather; times are of the farm's calendar (irrigation/clock.ts). */
export type WeatherHour = Omit<WeatherHourRecord, 'kind'>;

interface FarmWeatherOptions {
  readonly journal: {
    appendRecord(record: JournalRecord): Promise<number>;
    /** Newest first. */
    records(kind: 'weather_hour', limit: number): Promise<readonly WeatherHourRecord[]>;
  };
  /** Who may tell the weather, the first counts most. */
  readonly devices: readonly string[];
  /** Of the farm's calendar. */
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/** Hours kept in memory: a week, for what looks back over days of rain. */
const KEPT_HOURS = 168;
/** A word of rain or wind that is older says nothing of now; rain that has fallen has fallen. */
const FRESH_MS = 30 * 60_000;
/** A clock that is set back by more was wrong by days. */
const SET_BACK_MS = 6 * 3_600_000;
/** Drops fall some minutes apart before a gauge tips. */
const RAINING_MS = 15 * 60_000;

/** What a gauge tells; times are of the farm's calendar. */
export interface Rain {
  /** False too when nobody has told of now. */
  readonly isRaining: boolean;
  /** No gauge has spoken for a while, so that more may have fallen than `hours` tells. */
  readonly isGaugeSilent: boolean;
  /** What fell in each hour from `startMs` on, oldest first; the one under way is the last. */
  readonly hours: readonly { readonly startMs: number; readonly mm: number }[];
}

interface Word {
  readonly value: number;
  readonly atMs: number;
}

/**
 * The weather on the farm, hour by hour. Each hour that is over is a record of the journal, so a restart forgets at most
 * the averages of the hour under way; its rain it does not, because gauges count on.
 */
export class FarmWeather {
  readonly #options: FarmWeatherOptions;
  #devices: readonly string[];
  #hours: readonly WeatherHour[] = [];
  /** What fell in hours that are over: programs ask all the time. */
  #rained: { readonly of: readonly WeatherHour[]; readonly told: Rain['hours'] } | undefined;
  #gathering: Gathering;
  #gaugeAtMs: number | null = null;
  #fellAtMs: number | null = null;
  #wind: Word | null = null;

  constructor(options: FarmWeatherOptions) {
    this.#options = options;
    this.#devices = options.devices;
    this.#gathering = { hour: newHour(options.nowMs()), gauges: {} };
  }

  async start(): Promise<void> {
    const newestFirst = await this.#options.journal.records('weather_hour', KEPT_HOURS);
    this.#hours = newestFirst.map(({ kind: _, ...hour }) => hour).reverse();
    const last = this.#hours.at(-1);
    if (last === undefined) return;
    const gauges = last.gauges.map(
      ({ device, channel, countedMm }) => [`${device}\n${channel}`, { countedMm, atMs: last.atMs }] as const,
    );
    this.#gathering = { hour: newHour(this.#options.nowMs()), gauges: Object.fromEntries(gauges) };
  }

  follow(devices: readonly string[]): void {
    this.#devices = devices;
  }

  onReadings(readings: readonly (WeatherReading & { readonly quality: number })[]): void {
    for (const reading of readings) {
      if (!this.#devices.includes(reading.device) || !isFitForControl(reading.quality)) continue;
      this.tick();
      const nowMs = this.#options.nowMs();
      const before = rainOf(this.#gathering);
      this.#gathering = gather(this.#gathering, reading, nowMs);
      if (reading.metric === 'rain') this.#gaugeAtMs = nowMs;
      if (rainOf(this.#gathering) > before) this.#fellAtMs = nowMs;
      if (reading.metric === 'wind_speed') this.#wind = { value: reading.value, atMs: nowMs };
    }
  }

  /** Null when no gauge has told anything: nobody knows whether it rains or has rained. */
  rain(): Rain | null {
    const nowMs = this.#options.nowMs();
    const isGaugeSilent = !isFresh(this.#gaugeAtMs, nowMs, FRESH_MS);
    if (this.#rained?.of !== this.#hours) this.#rained = { of: this.#hours, told: toldRain(this.#hours) };
    const told = [...this.#rained.told, ...toldRain([closed(this.#gathering, this.#devices)])];
    const hours = told.filter(({ startMs }) => startMs <= nowMs);
    if (isGaugeSilent && hours.length === 0) return null;
    return { isRaining: isFresh(this.#fellAtMs, nowMs, RAINING_MS), isGaugeSilent, hours };
  }

  /** The latest; null when nobody has told it for a while. */
  windMetresPerSecond(): number | null {
    return this.#wind && isFresh(this.#wind.atMs, this.#options.nowMs(), FRESH_MS) ? this.#wind.value : null;
  }

  /** Closes the hour when it is over. A clock that was set back a little goes on with the hour that it was in. */
  tick(): void {
    const startMs = hourOf(this.#options.nowMs());
    const sinceMs = startMs - this.#gathering.hour.startMs;
    if (sinceMs <= 0 && sinceMs > -SET_BACK_MS) return;
    const hour = closed(this.#gathering, this.#devices);
    this.#gathering = { hour: newHour(startMs), gauges: this.#gathering.gauges };
    if (hour.samples === 0 && hour.rain === null) return;
    this.#hours = [...this.#hours.slice(1 - KEPT_HOURS), hour];
    this.#options.journal
      .appendRecord({ kind: 'weather_hour', ...hour })
      .catch((error: unknown) =>
        this.#options.logger.error({ err: error }, 'an hour of weather is not in the journal'),
      );
  }

  /** Hours that began in [fromMs, toMs), oldest first; the one under way is the last of them. */
  hours(fromMs: number, toMs: number): readonly WeatherHour[] {
    const isWithin = ({ startMs }: WeatherHour) => startMs >= fromMs && startMs < toMs;
    return [...this.#hours.filter(isWithin), ...[closed(this.#gathering, this.#devices)].filter(isWithin)];
  }
}

function toldRain(hours: readonly WeatherHour[]): Rain['hours'] {
  return hours.flatMap(({ startMs, rain }) => (rain === null ? [] : [{ startMs, mm: rain }]));
}

function rainOf({ hour }: Gathering): number {
  return Object.values(hour.rainMm).reduce((sum, mm) => sum + mm, 0);
}

function isFresh(atMs: number | null, nowMs: number, maxAgeMs: number): boolean {
  // One that lies ahead is as old as the clock was wrong.
  return atMs !== null && Math.abs(nowMs - atMs) <= maxAgeMs;
}
