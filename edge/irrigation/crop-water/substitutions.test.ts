import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dailyEt0 } from './et0.ts';
import { hourlyEt0 } from './hourly.ts';
import { EDITIONS, type Site, SUBSTITUTIONS, type WeatherDay } from './types.ts';

const cantho: Site = {
  ...{ latitudeDegrees: 10, longitudeDegrees: 105.8, elevationMetres: 2, isCoastal: false },
  windHeightMetres: 2,
};
const normals = [4, 4.5, 5, 5.2, 4.6, 4.2, 4.1, 4, 3.9, 3.7, 3.6, 3.7];
const whole: WeatherDay = {
  ...{ date: '2026-03-10', tMinCelsius: 24, tMaxCelsius: 34, rhMaxPercent: 92, rhMinPercent: 50 },
  ...{ windMetresPerSecond: 1.8, solarMegajoules: 21, sunshineHours: 8 },
};
const et0 = (change: Partial<WeatherDay>, site = cantho) =>
  dailyEt0({ ...whole, ...change }, site, 'FAO56-2025');

describe('what stands in for a sensor', () => {
  it('nothing, when all of them are there', () => {
    expect(et0({})).toMatchObject({ method: 'penman_monteith', substitutions: [], vapourFrom: 'rh_max_min' });
  });

  it('a missing pyranometer: sunshine, then the range of temperature', () => {
    expect(et0({ solarMegajoules: null }).substitutions).toEqual(['solar_from_sunshine']);
    expect(et0({ solarMegajoules: null, sunshineHours: null }).substitutions).toEqual([
      'solar_from_temperature',
    ]);
  });

  it('a missing humidity, the best of what is left, and then the lowest temperature', () => {
    expect(et0({ rhMinPercent: null }).vapourFrom).toBe('rh_max');
    expect(et0({ rhMaxPercent: null, rhMinPercent: null, rhMeanPercent: 70 }).vapourFrom).toBe('rh_mean');
    expect(et0({ dewPointCelsius: 22 }).vapourFrom).toBe('dew_point');
    const bulbs = { dryCelsius: 30, wetCelsius: 25, ventilation: 'natural' } as const;
    expect(et0({ wetBulb: bulbs }).vapourFrom).toBe('psychrometer');
    expect(et0({ rhMaxPercent: null, rhMinPercent: null })).toMatchObject({
      ...{ substitutions: ['dew_point_from_tmin'], vapourFrom: 'tmin' },
    });
  });

  it('a missing anemometer: 2 m/s', () => {
    expect(et0({ windMetresPerSecond: null })).toMatchObject({
      ...{ substitutions: ['wind_default'], terms: { windAt2mMetresPerSecond: 2 } },
    });
    expect(et0({ windMetresPerSecond: 0 })).toMatchObject({ substitutions: [] });
  });

  it('a missing thermometer: the month’s normal, and nothing where the site has none', () => {
    const site = { ...cantho, monthlyEt0Mm: normals };
    expect(et0({ tMaxCelsius: null }, site)).toMatchObject({ mm: 5, method: 'monthly_normal' });
    expect(et0({ tMaxCelsius: null })).toMatchObject({ mm: null, method: 'none' });
    const noon = { startsAtMs: Date.UTC(2026, 2, 10, 5) };
    expect(hourlyEt0(noon, site, 'FAO56-2025').method).toBe('monthly_normal');
    const hours = Array.from({ length: 24 }, (_, h) => Date.UTC(2026, 2, 9, 17 + h));
    const day = hours.reduce(
      (sum, startsAtMs) => sum + (hourlyEt0({ startsAtMs }, site, 'FAO56-2025').mm ?? 0),
      0,
    );
    expect(day).toBeCloseTo(5, 1);
  });

  it.each([
    ['Tmin above Tmax', { tMinCelsius: 35 }, 'temperature_refused'],
    ['a temperature of no place on earth', { tMaxCelsius: 340 }, 'temperature_refused'],
    ['NaN', { tMaxCelsius: Number.NaN }, 'temperature_refused'],
    ['a humidity far above 100 %', { rhMaxPercent: 920 }, 'humidity_refused'],
    ['a humidity a little above 100 %', { rhMaxPercent: 102 }, 'humidity_limited'],
    ['RHmin above RHmax', { rhMinPercent: 95 }, 'humidity_refused'],
    ['a dew point above the air’s temperature', { dewPointCelsius: 36 }, 'dew_point_refused'],
    ['a wet bulb that is warmer than the dry one', wet(30, 31), 'wet_bulb_refused'],
    ['more vapour than air can hold', { vapourKpa: 9 }, 'vapour_refused'],
    ['a negative wind', { windMetresPerSecond: -1 }, 'wind_refused'],
    ['radiation ten times too much', { solarMegajoules: 210 }, 'solar_refused'],
    ['radiation a little above a clear sky’s', { solarMegajoules: 29.5 }, 'solar_above_clear_sky'],
    ['radiation with hours of daylight untold', { solarUntoldPercent: 30 }, 'solar_hours_filled'],
    ['a dead pyranometer', { solarMegajoules: 0 }, 'solar_refused'],
    ['more sunshine than day', { solarMegajoules: null, sunshineHours: 20 }, 'sunshine_refused'],
  ] as const)('%s is not believed, and named with its figures', (_, change, name) => {
    const result = et0(change, { ...cantho, monthlyEt0Mm: normals });
    expect(result.substitutions).toContain(name);
    expect(result.reasons.map(({ key }) => key)).toEqual(result.substitutions.map((one) => `et0_${one}`));
    expect(Number.isFinite(result.mm)).toBe(true);
  });

  function wet(dryCelsius: number, wetCelsius: number) {
    return { wetBulb: { dryCelsius, wetCelsius, ventilation: 'aspirated' } } as const;
  }

  it.each(['vi', 'en', 'zh'])('each has a sentence for people: %s', (language) => {
    const file = new URL(`../../../dashboards/field/messages/${language}.json`, import.meta.url);
    const { reason } = JSON.parse(readFileSync(file, 'utf8')) as { reason: Record<string, string> };
    expect(SUBSTITUTIONS.filter((name) => reason[`et0_${name}`] === undefined)).toEqual([]);
  });
});

const anything = fc.option(
  fc.oneof(fc.double({ min: -80, max: 1000 }), fc.constant(Number.NaN), fc.constant(Infinity)),
);
const places = fc.record({
  latitudeDegrees: fc.double({ min: -90, max: 90, noNaN: true }),
  longitudeDegrees: fc.double({ min: -180, max: 180, noNaN: true }),
  elevationMetres: fc.double({ min: -400, max: 5000, noNaN: true }),
  isCoastal: fc.boolean(),
  windHeightMetres: fc.double({ min: 0.5, max: 30, noNaN: true }),
});
const dates = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2040-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

describe('whatever sensors say', () => {
  it('a day’s ET0 is a number within bounds, or said to be unknown', () => {
    const days = fc.record({
      ...{ date: dates, tMinCelsius: anything, tMaxCelsius: anything, rhMaxPercent: anything },
      ...{ rhMinPercent: anything, rhMeanPercent: anything, dewPointCelsius: anything, vapourKpa: anything },
      ...{ windMetresPerSecond: anything, solarMegajoules: anything, sunshineHours: anything },
    });
    fc.assert(
      fc.property(days, places, fc.constantFrom(...EDITIONS), (day, site, edition) => {
        const { mm, method, terms } = dailyEt0(day, site, edition);
        expect(mm === null).toBe(method === 'none');
        if (mm !== null) expect(mm >= 0 && mm <= 60).toBe(true);
        expect(Object.values(terms).every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('an hour’s ET0 is too', () => {
    const hours = fc.record({
      startsAtMs: fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) }),
      ...{ tCelsius: anything, rhPercent: anything, dewPointCelsius: anything, tMinCelsius: anything },
      ...{ windMetresPerSecond: anything, solarMegajoules: anything, clearnessBefore: anything },
    });
    fc.assert(
      fc.property(hours, places, fc.constantFrom(...EDITIONS), (hour, site, edition) => {
        const { mm, method, terms } = hourlyEt0(hour, site, edition);
        expect(mm === null).toBe(method === 'none');
        if (mm !== null) expect(mm >= -1 && mm <= 6).toBe(true);
        expect(Object.values(terms).every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('ET0 in the tropics rises', () => {
  const double = (min: number, max: number) => fc.double({ min, max, noNaN: true });
  const sound = fc.record({
    ...{ date: dates, tMinCelsius: double(15, 27), rhMaxPercent: double(70, 100) },
    ...{ rhMinPercent: double(20, 69), windMetresPerSecond: double(0.5, 6), share: double(0.3, 0.75) },
    span: double(3, 14),
  });
  const of = ({ share, span, ...day }: WeatherDay & { share: number; span: number; tMinCelsius: number }) =>
    dailyEt0(
      { ...day, tMaxCelsius: day.tMinCelsius + span, solarMegajoules: share * 38 },
      cantho,
      'FAO56-2025',
    ).mm ?? Number.NaN;

  it.each([
    ['sun', (day: { share: number }) => ({ share: day.share + 0.01 })],
    ['warmth', (day: { tMinCelsius: number }) => ({ tMinCelsius: day.tMinCelsius + 0.5 })],
    ['dryness', (day: { rhMinPercent: number }) => ({ rhMinPercent: day.rhMinPercent - 5 })],
  ] as const)('with more %s', (_, change) => {
    fc.assert(
      fc.property(sound, (day) => {
        // In calm air moisture also keeps the warmth in, so the rule holds only where air moves.
        const windMetresPerSecond = Math.max(2, day.windMetresPerSecond);
        const sunny = { ...day, windMetresPerSecond, share: Math.min(day.share, 0.6) };
        expect(of({ ...sunny, ...change(sunny) })).toBeGreaterThanOrEqual(of(sunny) - 1e-9);
      }),
    );
  });
});
