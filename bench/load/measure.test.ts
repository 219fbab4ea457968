import fc from 'fast-check';
import { expect, test } from 'vitest';
import { curveOf, growthOf } from './curve.ts';
import { fateOf } from './fate.ts';
import { Histogram } from './histogram.ts';
import { climb } from './ladder.ts';
import { Schedule } from './schedule.ts';

test('a percentile is at most 2 % above the true one, and never above the largest value', () => {
  const latencies = fc.array(fc.double({ min: 0.01, max: 60_000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(latencies, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
      const histogram = new Histogram();
      for (const value of values) histogram.add(value);
      const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
      expect(histogram.percentileMs(share)).toBeGreaterThanOrEqual(exact * 0.999_999);
      expect(histogram.percentileMs(share)).toBeLessThanOrEqual(exact * 1.020_001);
      expect(histogram.percentileMs(1)).toBeLessThanOrEqual(histogram.maxMs);
    }),
  );
  expect(new Histogram().percentileMs(0.99)).toBe(0);
});

test('messages fall due evenly, whatever became of the ones before, and no more than there are', () => {
  const schedule = new Schedule({ messagesPerSecond: 100, total: 5, offsetMs: 3 });
  expect(schedule.dueBy(1e9)).toBe(0);
  schedule.begin(1_000);
  expect([1_002, 1_003, 1_012, 1_013, 9_000].map((now) => schedule.dueBy(now))).toEqual([0, 1, 1, 2, 5]);
  expect(schedule.dueAtMs(0)).toBe(1_003);
  expect(schedule.dueAtMs(4)).toBe(1_043);
});

const ladder = async (capacity: number, start: number) => {
  const tried: number[] = [];
  const { rate } = await climb({ start, factor: 1.12, mostSteps: 40 }, async (offered) => {
    tried.push(offered);
    return { holds: offered <= capacity, step: offered };
  });
  return { rate, tried };
};

test('a ladder ends at the highest rate that holds, within its factor, wherever it begins', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 200, max: 90_000 }),
      fc.integer({ min: 100, max: 90_000 }),
      async (capacity, start) => {
        const { rate, tried } = await ladder(capacity, start);
        expect(tried.length).toBeLessThan(16);
        expect(rate).toBeLessThanOrEqual(capacity);
        expect(rate * 1.12 + 1).toBeGreaterThan(capacity);
      },
    ),
  );
});

test('a ladder that begins where it ends needs two steps', async () => {
  expect((await ladder(1_000, 1_000)).tried).toEqual([1_000, 1_120]);
});

test('what holds above a rate that did not is not counted', async () => {
  const { rate } = await climb({ start: 100, factor: 1.12, mostSteps: 40 }, async (offered) => ({
    holds: offered === 100 || offered > 120,
    step: offered,
  }));
  expect(rate).toBe(100);
});

test('a side that holds nothing has no rate', async () => {
  expect((await ladder(0, 1_000)).rate).toBe(0);
});

test('each message is lost, stored, or stored more than once; one that was never acknowledged is not lost', () => {
  const stored = new Map([
    [
      'a',
      new Map([
        [1, 1],
        [2, 3],
      ]),
    ], // 3 is lost
    ['b', new Map([[1, 1]])], // 2 was not acknowledged
  ]);
  const devices = { a: { sent: 3, unacknowledged: [] }, b: { sent: 2, unacknowledged: [2] } };
  expect(fateOf({ devices }, stored)).toEqual({ acknowledged: 4, lost: 1, duplicated: 2 });
});

test('growth compares the last quarter with the second, so that a beginning does not count', () => {
  const flat = Array.from({ length: 24 }, (_, hour) => ({
    hour: hour + 1,
    residentMiB: hour < 6 ? 50 : 120,
  }));
  const leaking = flat.map(({ hour }) => ({ hour, residentMiB: 100 + hour }));
  expect(growthOf(flat, 24)).toBe(0);
  expect(growthOf(leaking, 24)).toBe(12);
  expect(curveOf(flat)).toHaveLength(24);
  expect(curveOf(flat)[0]).toMatch(/^hour {2}1 {4}50 MiB {2}█+$/);
});
