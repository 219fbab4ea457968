import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  dateText,
  dayOfText,
  isTimeZone,
  localDay,
  minuteOfDay,
  minutesOfText,
  momentOf,
  timeText,
  weekday,
} from './calendar.ts';

const day = (date: string) => dayOfText(date) ?? Number.NaN;
const iso = (ms: number) => new Date(ms).toISOString();

it('knows the day and time at the site, which is not that of UTC', () => {
  const atMs = Date.parse('2026-11-22T21:30:00Z');
  expect(dateText(localDay('Asia/Ho_Chi_Minh', atMs))).toBe('2026-11-23');
  expect(timeText('Asia/Ho_Chi_Minh', atMs)).toBe('04:30');
  expect(weekday(localDay('Asia/Ho_Chi_Minh', atMs))).toBe(1);
});

it('a time that the clocks leave out happens as much later as they go forward', () => {
  expect(iso(momentOf('Europe/Paris', day('2026-03-29'), 150))).toBe('2026-03-29T01:30:00.000Z');
  expect(timeText('Europe/Paris', momentOf('Europe/Paris', day('2026-03-29'), 150))).toBe('03:30');
});

it('a time that the clocks show twice happens the first time', () => {
  expect(iso(momentOf('Europe/Paris', day('2026-10-25'), 150))).toBe('2026-10-25T00:30:00.000Z');
  expect(iso(momentOf('Australia/Lord_Howe', day('2026-04-05'), 105))).toBe('2026-04-04T14:45:00.000Z');
});

it('knows zones whose offset is no whole hour, and a day that a country has left out', () => {
  expect(iso(momentOf('Asia/Kathmandu', day('2026-11-23'), 0))).toBe('2026-11-22T18:15:00.000Z');
  expect(dateText(localDay('Pacific/Apia', Date.parse('2011-12-30T12:00:00Z')))).toBe('2011-12-31');
});

it('refuses days and times that no calendar has', () => {
  expect(['2026-02-30', '2026-13-01', '26-1-1', 'tomorrow', ''].map(dayOfText)).toEqual(Array(5).fill(null));
  expect(['24:01', '7:00', '12:60', '-1:00', ''].map(minutesOfText)).toEqual(Array(5).fill(null));
  expect(minutesOfText('24:00')).toBe(1440);
  expect([isTimeZone('Asia/Saigon'), isTimeZone('Asia/Nowhere'), isTimeZone('')]).toEqual([
    true,
    false,
    false,
  ]);
});

it('goes from a moment to its local time and back, wherever clocks are not set', () => {
  const zones = fc.constantFrom('Asia/Ho_Chi_Minh', 'Europe/Paris', 'America/St_Johns', 'Pacific/Chatham');
  const minutes = fc.integer({ min: Date.UTC(2000) / 60_000, max: Date.UTC(2060) / 60_000 });
  fc.assert(
    fc.property(zones, minutes, (zone, minute) => {
      const atMs = minute * 60_000;
      const back = momentOf(zone, localDay(zone, atMs), minuteOfDay(zone, atMs));
      // The second of two equal times goes back to the first.
      expect(back).toBeLessThanOrEqual(atMs);
      expect(atMs - back).toBeLessThanOrEqual(3_600_000);
      expect(minuteOfDay(zone, back)).toBe(minuteOfDay(zone, atMs));
    }),
  );
});
