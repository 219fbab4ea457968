import { expect, it } from 'vitest';
import { dayOfText } from './calendar.ts';
import { sunMoment } from './sun.ts';

const places = {
  'Hà Nội': ['Asia/Ho_Chi_Minh', 21.0285, 105.8542],
  'Phan Thiết': ['Asia/Ho_Chi_Minh', 10.9289, 108.1021],
  'Đà Lạt': ['Asia/Ho_Chi_Minh', 11.9404, 108.4583],
  Sydney: ['Australia/Sydney', -33.8688, 151.2093],
  Quito: ['America/Guayaquil', -0.1807, -78.4678],
  // Two hours west of the time that its clocks show.
  Ürümqi: ['Asia/Shanghai', 43.8256, 87.6168],
  // East of the date line by its calendar, west of it by its longitude.
  Apia: ['Pacific/Apia', -13.8333, -171.7667],
  Tromsø: ['Europe/Oslo', 69.6492, 18.9553],
  Greenwich: ['Europe/London', 51.4667, 0],
} as const;

function sun(place: keyof typeof places, date: string) {
  const [timeZone, latitude, longitude] = places[place];
  const day = dayOfText(date) ?? Number.NaN;
  const site = { timeZone, location: { latitude, longitude } };
  return [sunMoment('sunrise', day, site), sunMoment('sunset', day, site)];
}

// The full ephemeris of Astronomy Engine 2.1.19 (VSOP87); Greenwich: tests of Astro::Sunrise 0.99, to the minute.
it.each([
  ['Hà Nội', '2026-03-20', '2026-03-19T23:01:00Z', '2026-03-20T11:07:30Z'],
  ['Hà Nội', '2026-06-21', '2026-06-20T22:15:58Z', '2026-06-21T11:40:41Z'],
  ['Hà Nội', '2026-12-21', '2026-12-20T23:28:48Z', '2026-12-21T10:20:11Z'],
  ['Phan Thiết', '2026-01-05', '2026-01-04T23:07:31Z', '2026-01-05T10:38:13Z'],
  ['Phan Thiết', '2026-06-21', '2026-06-20T22:26:23Z', '2026-06-21T11:12:17Z'],
  ['Phan Thiết', '2026-09-23', '2026-09-22T22:36:45Z', '2026-09-23T10:43:13Z'],
  ['Đà Lạt', '2026-12-21', '2026-12-20T23:01:15Z', '2026-12-21T10:26:53Z'],
  ['Đà Lạt', '2027-02-28', '2027-02-27T23:02:17Z', '2027-02-28T10:55:22Z'],
  ['Sydney', '2026-06-21', '2026-06-20T20:59:58Z', '2026-06-21T06:53:47Z'],
  ['Sydney', '2026-12-21', '2026-12-20T18:40:37Z', '2026-12-21T09:05:25Z'],
  ['Quito', '2026-03-20', '2026-03-20T11:17:59Z', '2026-03-20T23:24:29Z'],
  ['Ürümqi', '2026-06-21', '2026-06-20T22:27:20Z', '2026-06-21T13:55:14Z'],
  ['Apia', '2026-09-24', '2026-09-23T17:15:40Z', '2026-09-24T05:23:04Z'],
  ['Tromsø', '2026-03-20', '2026-03-20T04:43:55Z', '2026-03-20T17:01:31Z'],
  ['Tromsø', '2026-09-23', '2026-09-23T04:27:52Z', '2026-09-23T16:43:07Z'],
  ['Greenwich', '2013-03-21', '2013-03-21T06:00:00Z', '2013-03-21T18:15:00Z'],
  ['Greenwich', '2013-06-21', '2013-06-21T03:43:00Z', '2013-06-21T20:21:00Z'],
] as const)('the sun rises and sets to the minute of published times: %s, %s', (place, date, rise, set) => {
  const [sunrise, sunset] = sun(place, date);
  expect(Math.abs(Number(sunrise) - Date.parse(rise))).toBeLessThan(75_000);
  expect(Math.abs(Number(sunset) - Date.parse(set))).toBeLessThan(75_000);
});

it.each(['2026-01-05', '2026-06-21', '2026-12-21'])(
  'in the polar day and the polar night there is neither (Tromsø, %s)',
  (date) => {
    expect(sun('Tromsø', date)).toEqual([null, null]);
  },
);

it('without a place there is neither', () => {
  expect(sunMoment('sunrise', 20_000, { timeZone: 'Asia/Ho_Chi_Minh', location: null })).toBeNull();
});
