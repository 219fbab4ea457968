import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at } from './conditions.suite.ts';
import { expectedRainMm, readForecast } from './index.ts';

const issuedAtMs = at('2026-11-23 01:00');
const hourly = {
  ...{ latitude: 10.9, longitude: 108.1, utc_offset_seconds: 25_200, timezone: 'Asia/Ho_Chi_Minh' },
  hourly_units: { time: 'iso8601', precipitation: 'mm', precipitation_probability: '%' },
  hourly: {
    time: ['2026-11-23T00:00', '2026-11-23T01:00', '2026-11-23T02:00', '2026-11-23T03:00'],
    precipitation: [0, 0.4, 6, null],
    precipitation_probability: [5, 40, 80, null],
  },
};

function read(value: unknown) {
  const found = readForecast(typeof value === 'string' ? value : JSON.stringify(value), issuedAtMs);
  if ('problem' in found) throw new Error(found.problem);
  return found.forecast;
}
const problem = (value: unknown) => {
  const found = readForecast(typeof value === 'string' ? value : JSON.stringify(value), issuedAtMs);
  return 'problem' in found ? found.problem : null;
};

it('reads hours: a value is the rain of the hour before its time, by the offset that the forecast states', () => {
  expect(read(hourly)).toEqual({
    issuedAtMs,
    hours: [
      { startMs: at('2026-11-22 23:00'), rainMm: 0, probability: 0.05 },
      { startMs: at('2026-11-23 00:00'), rainMm: 0.4, probability: 0.4 },
      { startMs: at('2026-11-23 01:00'), rainMm: 6, probability: 0.8 },
    ],
  });
});

it('reads seconds since 1970 as they are', () => {
  const time = hourly.hourly.time.map((text) => at(text.replace('T', ' ')) / 1000);
  expect(read({ ...hourly, hourly: { ...hourly.hourly, time } })).toEqual(read(hourly));
});

it('reads days, and spreads their rain over the day', () => {
  const { hours } = read({
    utc_offset_seconds: 25_200,
    daily: {
      time: ['2026-11-23', '2026-11-24'],
      precipitation_sum: [24, 0],
      precipitation_probability_max: [50, 0],
    },
  });
  expect(hours).toHaveLength(48);
  expect(hours[0]).toEqual({ startMs: at('2026-11-23 00:00'), rainMm: 1, probability: 0.5 });
});

it('sums what is expected, hours that are touched in part, each weighed with its probability', () => {
  const forecast = read(hourly);
  const sum = (from: string, to: string, now = '2026-11-23 01:00') =>
    expectedRainMm(forecast, at(from), at(to), at(now));
  expect(sum('2026-11-23 00:00', '2026-11-23 02:00')).toBeCloseTo(0.16 + 4.8);
  expect(sum('2026-11-23 01:30', '2026-11-23 09:00')).toBeCloseTo(2.4);
  expect(sum('2026-11-24 00:00', '2026-11-25 00:00')).toBeNull();
});

it('counts for nothing when it is older than 24 hours, or dated in the future', () => {
  const forecast = read(hourly);
  const [from, to] = [at('2026-11-23 00:00'), at('2026-11-23 02:00')];
  expect(expectedRainMm(forecast, from, to, at('2026-11-24 01:00'))).not.toBeNull();
  expect(expectedRainMm(forecast, from, to, at('2026-11-24 01:01'))).toBeNull();
  expect(expectedRainMm(forecast, from, to, at('2026-11-22 23:00'))).toBeNull();
});

it.each([
  ['', 'not JSON'],
  ['<html>502 Bad Gateway</html>', 'not JSON'],
  ['[1, 2]', 'not a JSON object'],
  [{}, 'no hourly.precipitation'],
  [{ error: true, reason: 'Daily API request limit exceeded.' }, 'Daily API request limit exceeded.'],
  [{ ...hourly, hourly_units: { precipitation: 'inch' } }, 'precipitation_unit=mm'],
  [{ ...hourly, utc_offset_seconds: '7' }, 'utc_offset_seconds'],
  [{ ...hourly, hourly: { precipitation: [1] } }, 'hourly.time must be a list'],
  [{ ...hourly, hourly: { ...hourly.hourly, precipitation: [1] } }, 'as many values as there are times (4)'],
  [{ ...hourly, hourly: { ...hourly.hourly, precipitation: [0, -1, 0, 0] } }, 'hourly.precipitation[1]'],
  [{ ...hourly, hourly: { ...hourly.hourly, precipitation: [0, 9999, 0, 0] } }, 'from 0 to 500'],
  [{ ...hourly, hourly: { ...hourly.hourly, precipitation: ['1', 0, 0, 0] } }, 'hourly.precipitation[0]'],
  [{ ...hourly, hourly: { ...hourly.hourly, precipitation: [null, null, null, null] } }, 'holds no number'],
  [{ ...hourly, hourly: { ...hourly.hourly, precipitation_probability: [0, 0, 101, 0] } }, 'probability[2]'],
  [{ ...hourly, hourly: { ...hourly.hourly, time: ['yesterday', 1, 2, 3] } }, 'hourly.time[0]'],
  [{ ...hourly, hourly: { ...hourly.hourly, time: hourly.hourly.time.toReversed() } }, 'must grow'],
  [' '.repeat(1_000_001), 'characters'],
])('refuses rubbish, and says what is wrong with it: %j', (value, words) => {
  expect(problem(value)).toContain(words);
});

it('never throws, and never expects rain that is no number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const found = readForecast(text, issuedAtMs);
      expect('problem' in found || found.forecast.hours.every(({ rainMm }) => rainMm >= 0)).toBe(true);
    }),
  );
});
