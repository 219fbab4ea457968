import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dryingDays } from './drying.ts';

const zone = 'Asia/Ho_Chi_Minh';
const at = (text: string) => Date.parse(`${text}:00+07:00`);
const days = (from: string, to: string) => dryingDays(zone, at(from), at(to));

it('is a whole day from one moment to the same of the next day, and nothing in a night', () => {
  expect(days('2026-11-23T04:00', '2026-11-24T04:00')).toBe(1);
  expect(days('2026-11-23T19:00', '2026-11-24T05:00')).toBe(0);
  expect(days('2026-11-23T06:00', '2026-11-23T12:00')).toBeCloseTo(0.5);
  expect(days('2026-11-23T05:00', '2026-11-23T16:00')).toBeCloseTo(0.933, 3);
});

it('adds up, and never runs backwards', () => {
  const moment = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2027, 0) });
  fc.assert(
    fc.property(moment, moment, moment, (a, b, c) => {
      const [first = 0, second = 0, third = 0] = [a, b, c].sort((x, y) => x - y);
      const [one, two] = [dryingDays(zone, first, second), dryingDays(zone, second, third)];
      expect(one).toBeGreaterThanOrEqual(0);
      expect(one + two).toBeCloseTo(dryingDays(zone, first, third), 6);
    }),
  );
});
