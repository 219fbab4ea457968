import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Catch, catchesOfCounter, perTrapAndDay, trapDays } from './catches.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const days = { dayOf: (atMs: number) => Math.floor(atMs / DAY_MS), startOf: (day: number) => day * DAY_MS };
const caught = (fromHours: number, toHours: number, count: number): Catch => ({
  ...{ trap: 't1', fromMs: fromHours * HOUR_MS, toMs: toHours * HOUR_MS, count },
});
const between = (catches: readonly Catch[], fromDay: number, toDay: number) =>
  trapDays(catches, { fromDay, toDay }, days);

describe('a trap that is looked at', () => {
  it('every morning has its catch shared out between two days', () => {
    expect(between([caught(6, 30, 24), caught(30, 54, 48)], 0, 1).map((day) => day.caught)).toEqual([24, 42]);
  });

  it('once a week has the same on each day, and says that this is spread', () => {
    expect(between([caught(0, 7 * 24, 21)], 0, 6)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((day) => ({ day, caught: 3, isSpread: true })),
    );
  });

  it('by nobody for a day has no catch there, which is not a catch of none', () => {
    expect(between([caught(0, 24, 5), caught(48, 72, 0)], 0, 3).map((day) => day.caught)).toEqual([
      5,
      null,
      0,
      null,
    ]);
  });

  it('for less than half a day tells nothing of it, and for more all of it', () => {
    expect(between([caught(0, 11, 5)], 0, 0)[0]?.caught).toBeNull();
    expect(between([caught(0, 18, 6)], 0, 0)[0]?.caught).toBe(8);
  });
});

describe('a trap that counts by itself', () => {
  it('begins anew when it is emptied', () => {
    const readings = [0, 3, 10, 2, 2].map((total, index) => ({ atMs: index * HOUR_MS, total }));
    expect(catchesOfCounter('t1', readings).map(({ count }) => count)).toEqual([3, 7, 2, 0]);
  });

  it('tells nothing by its first word, and nothing twice', () => {
    expect(catchesOfCounter('t1', [{ atMs: 5, total: 80 }])).toEqual([]);
    const twice = [1, 1].map((atMs) => ({ atMs, total: 4 }));
    expect(catchesOfCounter('t1', twice)).toEqual([]);
  });
});

it('insects a trap and day are of the days on which somebody looked', () => {
  const one = between([caught(0, 48, 20)], 0, 3);
  const other = between([caught(0, 96, 0)], 0, 3);
  expect(perTrapAndDay([one, other])).toBeCloseTo(20 / 6);
  expect(perTrapAndDay([between([], 0, 3)])).toBeNull();
});

it('no insect is lost or made where looks follow one another without a gap', () => {
  const look = fc.record({
    hours: fc.integer({ min: 1, max: 200 }),
    count: fc.integer({ min: 0, max: 500 }),
  });
  fc.assert(
    fc.property(fc.array(look, { minLength: 1, maxLength: 20 }), (looks) => {
      let hours = 0;
      const catches = looks.map(({ hours: length, count }) => {
        hours += length;
        return caught(hours - length, hours, count);
      });
      // The last day is made whole, so that no part of it is unknown.
      const whole = Math.ceil(hours / 24) * 24;
      if (whole > hours) catches.push(caught(hours, whole, 0));
      const sum = between(catches, 0, whole / 24 - 1).reduce((total, day) => total + (day.caught ?? NaN), 0);
      expect(sum).toBeCloseTo(
        looks.reduce((total, { count }) => total + count, 0),
        6,
      );
    }),
  );
});
