import { quality, type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { NO_ROLLUPS } from './plan.ts';
import type { Aggregate, RollupSpan, SeriesPoint, SeriesStore } from './store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** In Viet Nam a day begins at 17:00 UTC. */
const ZONE = 7 * HOUR;
const TODAY = Math.floor((Date.now() + ZONE) / DAY) * DAY - ZONE;
const START = TODAY - 4 * DAY;
const AGGREGATES = ['mean', 'min', 'max', 'last', 'sum', 'increase'] as const;

interface Given {
  readonly minute: number;
  readonly value: number;
  readonly quality: number;
}

/** What each aggregate must give, by the simplest means: all readings of a window, and no tiers at all. */
function expected(
  given: readonly Given[],
  aggregate: Aggregate,
  windowMs: number,
  windows: number,
): Map<number, number> {
  const sorted = [...given].sort((a, b) => a.minute - b.minute);
  const bad = ({ quality: bits }: Given) => (bits & (quality.outOfRange | quality.jump)) !== 0;
  const points = new Map<number, number>();
  for (let index = 0; index < windows; index += 1) {
    const atMs = START + index * windowMs;
    const inside = sorted.filter(({ minute }) => {
      const at = START + minute * MINUTE;
      return at >= atMs && at < atMs + windowMs;
    });
    const good = inside.filter((one) => !bad(one));
    const used = good.length > 0 ? good : inside;
    const values = used.map(({ value }) => value);
    const sum = values.reduce((total, value) => total + value, 0);
    if (values.length === 0) continue;
    const gained = () => {
      const before = sorted.filter((one) => !bad(one) && START + one.minute * MINUTE < atMs).at(-1);
      const steps = good.length > 0 && before !== undefined ? [before.value, ...values] : values;
      return steps.slice(1).reduce((total, value, at) => {
        const previous = steps[at] ?? 0;
        return total + (value >= previous ? value - previous : value);
      }, 0);
    };
    const result = {
      ...{ mean: sum / values.length, sum, min: Math.min(...values), max: Math.max(...values) },
      ...{ last: values.at(-1) ?? 0, increase: gained(), raw: 0 },
    };
    points.set(atMs, result[aggregate]);
  }
  return points;
}

/** How tiers are made and used; part of the suite of every store. */
export function rollupCases(
  store: () => SeriesStore,
  nextDevice: () => string,
  put: (readings: Reading[]) => Promise<void>,
): void {
  let number = 0;
  const write = async (device: string, given: readonly Given[], metric: Reading['metric'] = 'volume') => {
    const readings = given.map(({ minute, value, quality: bits }) => {
      const atMs = START + minute * MINUTE;
      number += 1;
      const timeNs = seriesTimeNs(atMs, number);
      return { metric, device, channel: '', value, quality: bits, receivedAtMs: atMs, timeNs };
    });
    if (readings.length > 0) await put(readings);
  };
  const recompute = async (span: Partial<RollupSpan> & { fromMs: number; toMs: number }) =>
    expect(await store().rollups.recompute({ tier: '5m', zoneOffsetMs: ZONE, ...span })).toEqual({
      outcome: 'accepted',
    });
  const marks = (fiveMinutesToMs: number, daysToMs = Number.NEGATIVE_INFINITY) =>
    store().rollups.mark({ ...NO_ROLLUPS, fiveMinutesToMs, daysToMs, zoneOffsetMs: ZONE });
  const ask = (device: string, aggregate: Aggregate, toMs: number, maxPoints: number) =>
    store().query({ metric: 'volume', device, fromMs: START, toMs, maxPoints, aggregate });
  const close = (points: readonly SeriesPoint[], wanted: ReadonlyMap<number, number>) => {
    expect(points.map(({ atMs }) => atMs)).toEqual([...wanted.keys()]);
    for (const { atMs, value } of points) expect(value).toBeCloseTo(wanted.get(atMs) ?? Number.NaN, 6);
  };

  afterEach(() => store().rollups.mark(NO_ROLLUPS));

  it('answers the same from readings, from rollups, and from both together', async () => {
    const readings = fc.array(
      fc.record({
        minute: fc.integer({ min: 0, max: 239 }),
        value: fc.integer({ min: 0, max: 1_000 }),
        quality: fc.constantFrom(0, 0, 0, 8, quality.outOfRange, quality.jump),
      }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(readings, fc.constantFrom(...AGGREGATES), async (some, aggregate) => {
        // One reading a minute, so that their order is known.
        const given = [...new Map(some.map((one) => [one.minute, one])).values()];
        const of = nextDevice();
        await write(of, given);
        await recompute({ fromMs: START, toMs: START + 4 * HOUR, device: of });
        const wanted = expected(given, aggregate, 30 * MINUTE, 8);
        for (const fiveMinutesTo of [Number.NEGATIVE_INFINITY, START + 105 * MINUTE, START + 4 * HOUR]) {
          marks(fiveMinutesTo);
          close(await ask(of, aggregate, START + 4 * HOUR, 8), wanted);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('takes days of the farm, then five minutes, then readings, within one answer', async () => {
    const of = nextDevice();
    const given = Array.from({ length: 3 * 24 + 5 }, (_, hour) => ({
      ...{
        minute: hour * 60 + 7,
        value: (hour * 13) % 50,
        quality: hour % 11 === 3 ? quality.outOfRange : 0,
      },
    }));
    await write(of, given);
    await recompute({ fromMs: START, toMs: START + 3 * DAY + 3 * HOUR, device: of });
    await recompute({ tier: '1d', fromMs: START, toMs: START + 2 * DAY, device: of });
    marks(START + 3 * DAY + 3 * HOUR, START + 2 * DAY);
    for (const aggregate of AGGREGATES)
      close(await ask(of, aggregate, START + 4 * DAY, 4), expected(given, aggregate, DAY, 4));
    // Two days a window: the second one is made of a day, of five minutes and of readings.
    for (const aggregate of AGGREGATES)
      close(await ask(of, aggregate, START + 4 * DAY, 2), expected(given, aggregate, 2 * DAY, 2));
  });

  it('follows a late reading when its window is computed again, and changes nothing by doing so twice', async () => {
    const of = nextDevice();
    const given = [10, 11, 12, 13].map((minute) => ({ minute, value: minute, quality: 0 }));
    await write(of, given);
    await recompute({ fromMs: START, toMs: START + HOUR });
    const late = { minute: 14, value: 114, quality: 8 };
    await write(of, [late]);
    marks(START + HOUR);
    close(await ask(of, 'mean', START + HOUR, 1), expected(given, 'mean', HOUR, 1));
    for (const _ of [1, 2]) {
      await recompute({ fromMs: START + 10 * MINUTE, toMs: START + 15 * MINUTE });
      close(await ask(of, 'mean', START + HOUR, 1), expected([...given, late], 'mean', HOUR, 1));
    }
  });

  it('keeps a row whose readings are gone', async () => {
    const of = nextDevice();
    await write(of, [{ minute: 1, value: 4, quality: 0 }]);
    await recompute({ fromMs: START, toMs: START + HOUR, device: of });
    // Where nothing finer is left, as after the retention of readings.
    await recompute({ fromMs: START + 5 * MINUTE, toMs: START + HOUR, device: of });
    marks(START + HOUR);
    expect(await ask(of, 'last', START + HOUR, 1)).toEqual([{ atMs: START, value: 4, quality: 0 }]);
  });

  it('never answers with more points than asked for, whatever the tier', async () => {
    const of = nextDevice();
    const given = Array.from({ length: 240 }, (_, minute) => ({ minute, value: minute, quality: 0 }));
    await write(of, given);
    await recompute({ fromMs: START, toMs: START + 4 * HOUR, device: of });
    marks(START + 4 * HOUR);
    for (const [maxPoints, shiftMs] of [
      [7, 61_001],
      [13, 299_999],
      [40, 1],
      [239, 17],
    ] as const) {
      const fromMs = START + shiftMs;
      const points = await store().query({
        ...{ metric: 'volume', device: of, fromMs, toMs: START + 4 * HOUR, maxPoints, aggregate: 'mean' },
      });
      expect(points.length).toBeLessThanOrEqual(maxPoints);
      expect(points.length).toBeGreaterThan(maxPoints / 3);
      expect(points.every(({ atMs }) => atMs >= fromMs)).toBe(true);
    }
  });
}
