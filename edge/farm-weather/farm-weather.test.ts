import { type JournalRecord, quality, type WeatherHourRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { FarmWeather } from './farm-weather.ts';

const HOUR_MS = 3_600_000;
const firstMs = Date.UTC(2026, 1, 3, 0);

/** A farm's weather with a journal that outlives it, and a calendar that tests move. */
class Farm {
  nowMs = firstMs;
  readonly journaled: WeatherHourRecord[] = [];
  weather = this.boot();

  boot(devices: readonly string[] = ['mast', 'spare']): FarmWeather {
    this.weather = new FarmWeather({
      journal: {
        appendRecord: async (record: JournalRecord) => {
          if (record.kind === 'weather_hour') this.journaled.push(record);
          return this.journaled.length;
        },
        records: async (_kind, limit) => this.journaled.toReversed().slice(0, limit),
      },
      devices,
      nowMs: () => this.nowMs,
      logger: pino({ level: 'silent' }),
    });
    return this.weather;
  }

  says(metric: string, value: number, device = 'mast', bits: number = quality.good): void {
    this.weather.onReadings([{ device, channel: '', metric, value, quality: bits }]);
  }

  wait(hours: number): void {
    this.nowMs += hours * HOUR_MS;
    this.weather.tick();
  }
}

it('journals each hour that is over, with what was told in it and nothing made up', () => {
  const farm = new Farm();
  farm.says('air_temperature', 24);
  farm.says('air_temperature', 26);
  farm.says('solar_radiation', 500);
  farm.wait(1);
  expect(farm.journaled).toEqual([
    {
      kind: 'weather_hour',
      atMs: firstMs + HOUR_MS,
      startMs: firstMs,
      samples: 2,
      airTemperature: { min: 24, max: 26, mean: 25 },
      relativeHumidity: null,
      dewPoint: null,
      airPressure: null,
      windSpeed: null,
      solarRadiation: 500,
      rain: null,
      gauges: [],
    },
  ]);
});

it('keeps how wet leaves were, where a sensor tells it', () => {
  const farm = new Farm();
  farm.says('leaf_wetness', 40);
  farm.says('leaf_wetness', 80);
  farm.says('air_temperature', 24);
  farm.wait(1);
  expect(farm.journaled).toMatchObject([{ leafWetness: 60, relativeHumidity: null }]);
});

it('listens to the first of its devices, and to the next one where that says nothing', () => {
  const farm = new Farm();
  farm.says('air_temperature', 40, 'spare');
  farm.says('air_temperature', 20, 'mast');
  farm.says('wind_speed', 3, 'spare');
  farm.says('wind_speed', 9, 'a stranger');
  farm.wait(1);
  expect(farm.journaled[0]).toMatchObject({ airTemperature: { mean: 20 }, windSpeed: 3 });
});

it('leaves out what is not fit for control', () => {
  const farm = new Farm();
  farm.says('air_temperature', 25);
  farm.says('air_temperature', 58, 'mast', quality.jump);
  farm.wait(1);
  expect(farm.journaled[0]?.airTemperature).toEqual({ min: 25, max: 25, mean: 25 });
});

it('counts the rain that a gauge gains, not what it says first', () => {
  const farm = new Farm();
  farm.says('rain', 812.4);
  farm.says('rain', 812.6);
  farm.wait(1);
  farm.says('rain', 820.2);
  farm.wait(1);
  expect(farm.journaled.map(({ rain }) => rain)).toEqual([0.2, 7.6]);
});

it('counts what fell since a gauge began anew, and no cloudburst that cannot be', () => {
  const farm = new Farm();
  farm.says('rain', 100);
  farm.says('rain', 3, 'mast', quality.counterReset);
  farm.says('rain', 903);
  farm.wait(1);
  expect(farm.journaled[0]?.rain).toBe(3);
});

it('knows the rain that fell while the gateway was away', async () => {
  const farm = new Farm();
  farm.says('rain', 50);
  farm.wait(1);
  farm.nowMs += 5 * HOUR_MS;
  farm.boot();
  await farm.weather.start();
  farm.says('rain', 68);
  expect(farm.weather.hours(firstMs, farm.nowMs + 1).map(({ rain }) => rain)).toEqual([0, 18]);
});

it('goes on with its hour when the clock is set back, and writes no hour of silence', () => {
  const farm = new Farm();
  farm.says('air_temperature', 25);
  farm.wait(-3);
  farm.says('air_temperature', 27);
  farm.wait(4);
  farm.wait(5);
  expect(farm.journaled).toHaveLength(1);
  expect(farm.journaled[0]?.airTemperature).toEqual({ min: 25, max: 27, mean: 26 });
});

it('writes hours again, and rains no longer, when a clock was days ahead', () => {
  const farm = new Farm();
  farm.wait(72);
  farm.says('rain', 10);
  farm.says('rain', 12);
  farm.wait(-72);
  expect(farm.weather.rain()).toBeNull();
  farm.says('air_temperature', 25);
  farm.wait(1);
  expect(farm.journaled.map(({ startMs }) => startMs)).toEqual([firstMs + 72 * HOUR_MS, firstMs]);
  expect(farm.weather.hours(firstMs, firstMs + HOUR_MS)).toHaveLength(1);
});

it('says whether it rains, and nothing while no gauge has spoken', () => {
  const farm = new Farm();
  const fallen = (mm: number) => ({ isGaugeSilent: false, hours: [{ startMs: firstMs, mm }] });
  expect(farm.weather.rain()).toBeNull();
  farm.says('rain', 10);
  expect(farm.weather.rain()).toEqual({ isRaining: false, ...fallen(0) });
  farm.says('rain', 12);
  expect(farm.weather.rain()).toEqual({ isRaining: true, ...fallen(2) });
  farm.wait(0.4);
  expect(farm.weather.rain()).toEqual({ isRaining: false, ...fallen(2) });
});

it('keeps the rain that has fallen when the gauge falls silent, over a restart too', async () => {
  const farm = new Farm();
  farm.says('rain', 10);
  farm.says('rain', 20);
  farm.wait(1);
  farm.says('rain', 32);
  farm.wait(1);
  const known = {
    ...{ isRaining: false, isGaugeSilent: true },
    hours: [
      { startMs: firstMs, mm: 10 },
      { startMs: firstMs + HOUR_MS, mm: 12 },
    ],
  };
  expect(farm.weather.rain()).toEqual(known);
  farm.boot();
  await farm.weather.start();
  expect(farm.weather.rain()).toEqual(known);
  farm.says('rain', 32.2);
  expect(farm.weather.rain()).toMatchObject({ isRaining: true, isGaugeSilent: false });
});

it('tells the latest wind while it is fresh', () => {
  const farm = new Farm();
  farm.says('wind_speed', 4);
  expect(farm.weather.windMetresPerSecond()).toBe(4);
  farm.wait(1);
  expect(farm.weather.windMetresPerSecond()).toBeNull();
});
