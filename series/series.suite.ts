import { encodeReadings, type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollupCases } from './rollups.suite.ts';
import type { SeriesStore } from './store.ts';

/** Recent, because a store may refuse what is older than it keeps; on the grid of a day, so that windows are round. */
export const START = Math.floor(Date.now() / 86_400_000 - 2) * 86_400_000;

export function reading(part: Partial<Reading> & { atMs: number; number: number }): Reading {
  return {
    metric: 'soil_moisture',
    device: 'soil-a1',
    channel: '',
    value: 0.31,
    quality: 0,
    receivedAtMs: part.atMs + 40,
    timeNs: seriesTimeNs(part.atMs, part.number),
    ...part,
  };
}

/** What every series store must do. `open` gives a fresh, empty, not yet started one. */
export function seriesSuite(
  name: string,
  open: () => Promise<SeriesStore>,
  close: () => Promise<void>,
): void {
  describe(name, () => {
    let store: SeriesStore;
    let device = 0;
    const nextDevice = () => `device-${++device}`;

    beforeAll(async () => {
      store = await open();
      await store.start();
    });
    afterAll(async () => {
      await store.stop();
      await close();
    });

    const all = (of: string, channel?: string) =>
      store.query({
        metric: 'soil_moisture',
        device: of,
        ...(channel === undefined ? {} : { channel }),
        fromMs: START - 1e9,
        toMs: START + 1e9,
        maxPoints: 10_000,
        aggregate: 'raw',
      });

    const put = async (readings: Reading[]) =>
      expect(await store.write(encodeReadings(readings))).toEqual({ outcome: 'accepted' });

    it('gives back what was written, oldest first', async () => {
      const of = nextDevice();
      await put([
        reading({ device: of, atMs: START + 2_000, number: 2, value: 0.2, quality: 8 }),
        reading({ device: of, atMs: START + 1_000, number: 1, value: 0.1 }),
      ]);
      expect(await all(of)).toEqual([
        { atMs: START + 1_000, value: 0.1, quality: 0 },
        { atMs: START + 2_000, value: 0.2, quality: 8 },
      ]);
    });

    it('is not changed by the same lines again', async () => {
      const of = nextDevice();
      const readings = Array.from({ length: 50 }, (_, index) =>
        reading({ device: of, atMs: START + index, number: index }),
      );
      await put(readings);
      await put(readings.slice(10, 30));
      await put(readings);
      expect(await all(of)).toHaveLength(50);
    });

    it('shows at once what it has accepted, and the same after a flush', async () => {
      const of = nextDevice();
      const readings = Array.from({ length: 40 }, (_, index) =>
        reading({ device: of, atMs: START + index * 1_000, number: index, value: index }),
      );
      await put(readings.slice(0, 20));
      expect(await all(of)).toHaveLength(20);
      expect((await store.flush?.()) ?? { outcome: 'accepted' }).toEqual({ outcome: 'accepted' });
      expect(await all(of)).toHaveLength(20);
      // Some again, as after a kill, and new ones beside those that were flushed.
      await put(readings.slice(10));
      expect((await all(of)).map(({ value }) => value)).toEqual(readings.map(({ value }) => value));
      for (const aggregate of ['mean', 'min', 'max', 'last', 'sum', 'increase'] as const) {
        const ask = () =>
          store.query({
            ...{ metric: 'soil_moisture', device: of, fromMs: START, toMs: START + 40_000 },
            ...{ maxPoints: 5, aggregate },
          });
        const before = await ask();
        expect(before).toHaveLength(5);
        await store.flush?.();
        expect(await ask()).toEqual(before);
        await put(readings.slice(35).map((one) => ({ ...one, quality: 0 })));
      }
    });

    it('follows a counter through thousands of readings in one window', async () => {
      const of = nextDevice();
      // Pairs of one millisecond, so that wherever a store divides its work, one may be divided as well; it starts anew
      // with each second reading, so that one which is missing shows.
      const readings = Array.from({ length: 9_000 }, (_, index) =>
        reading({ device: of, atMs: START + Math.ceil(index / 2), number: index, value: index % 2 }),
      );
      const increase = async () => {
        const points = await store.query({
          ...{ metric: 'soil_moisture', device: of, fromMs: START, toMs: START + 10_000 },
          ...{ maxPoints: 1, aggregate: 'increase' },
        });
        return points.map(({ value }) => value);
      };
      await put(readings.slice(0, 6_000));
      expect(await increase()).toEqual([3_000]);
      await store.flush?.();
      await put(readings.slice(6_000));
      expect(await increase()).toEqual([4_500]);
    });

    it('takes a reading anew in the place of a flushed one', async () => {
      const of = nextDevice();
      const first = reading({ device: of, atMs: START, number: 1, value: 1 });
      await put([first]);
      await store.flush?.();
      await put([{ ...first, value: 2, quality: 8 }]);
      expect(await all(of)).toEqual([{ atMs: START, value: 2, quality: 8 }]);
      await store.flush?.();
      expect(await all(of)).toEqual([{ atMs: START, value: 2, quality: 8 }]);
    });

    it('answers the same while a flush is under way', async () => {
      const devices = Array.from({ length: 30 }, nextDevice);
      const readings = devices.flatMap((of) =>
        Array.from({ length: 900 }, (_, index) =>
          reading({ device: of, atMs: START + index * 1_000, number: index }),
        ),
      );
      for (let at = 0; at < readings.length; at += 9_000) await put(readings.slice(at, at + 9_000));
      let isFlushed = false;
      const flushed = Promise.resolve(store.flush?.()).then(() => {
        isFlushed = true;
      });
      const written = put([reading({ device: devices[0] ?? '', atMs: START - 1, number: 1 })]);
      do {
        for (const of of devices.slice(1)) expect(await all(of)).toHaveLength(900);
      } while (!isFlushed);
      await Promise.all([flushed, written]);
      expect(await all(devices[0] ?? '')).toHaveLength(901);
    });

    it('keeps two readings of one millisecond apart', async () => {
      const of = nextDevice();
      await put([
        reading({ device: of, atMs: START, number: 7, value: 1 }),
        reading({ device: of, atMs: START, number: 8, value: 2 }),
      ]);
      expect((await all(of)).map((point) => point.value)).toEqual([1, 2]);
    });

    it('tells channels apart, and the reading without one', async () => {
      const of = nextDevice();
      await put([
        reading({ device: of, atMs: START, number: 1, value: 1, channel: "it's, a=b c" }),
        reading({ device: of, atMs: START, number: 2, value: 2 }),
      ]);
      expect((await all(of, "it's, a=b c")).map((point) => point.value)).toEqual([1]);
      expect((await all(of, '')).map((point) => point.value)).toEqual([2]);
      expect(await all(of)).toHaveLength(2);
    });

    it('cuts the time into windows that start at the asked time', async () => {
      const of = nextDevice();
      await put(
        [0, 10, 20, 30, 40, 50].map((second, index) =>
          reading({
            device: of,
            atMs: START + 123 + second * 1_000,
            number: index,
            value: second,
            quality: (index % 2) * 8,
          }),
        ),
      );
      const windows = (aggregate: 'mean' | 'min' | 'max' | 'last' | 'sum') =>
        store.query({
          metric: 'soil_moisture',
          device: of,
          fromMs: START + 123,
          toMs: START + 123 + 60_000,
          maxPoints: 3,
          aggregate,
        });
      const times = [0, 20_000, 40_000].map((offset) => START + 123 + offset);
      const of3 = (values: number[], quality = 8) =>
        times.map((atMs, index) => ({ atMs, value: values[index], quality }));
      expect(await windows('mean')).toEqual(of3([5, 25, 45]));
      expect(await windows('min')).toEqual(of3([0, 20, 40]));
      expect(await windows('max')).toEqual(of3([10, 30, 50]));
      expect(await windows('sum')).toEqual(of3([10, 50, 90]));
      expect(await windows('last')).toEqual(of3([10, 30, 50]));
    });

    it('joins what can be believed, and only without any such reading the others', async () => {
      const of = nextDevice();
      const [good, outOfRange, jump, late] = [0, 1, 64, 8];
      const given: [minute: number, value: number, quality: number][] = [
        [0, 10, good],
        [1, 5_000, outOfRange],
        [2, 20, late],
        [3, -5_000, outOfRange],
        [10, 7, jump],
        [11, 9, outOfRange],
        [20, 1, good],
        [21, 2, good],
      ];
      await put(
        given.map(([minute, value, quality], index) =>
          reading({ device: of, atMs: START + minute * 60_000, number: index, value, quality }),
        ),
      );
      const joined = async (aggregate: 'mean' | 'min' | 'max' | 'last' | 'sum') => {
        const points = await store.query({
          ...{ metric: 'soil_moisture', device: of, fromMs: START, toMs: START + 1_800_000 },
          ...{ maxPoints: 3, aggregate },
        });
        return points.map(({ value, quality }) => [value, quality]);
      };
      expect(await joined('mean')).toEqual([
        [15, 8],
        [8, 64],
        [1.5, 0],
      ]);
      expect((await joined('min')).map(([value]) => value)).toEqual([10, 7, 1]);
      expect((await joined('max')).map(([value]) => value)).toEqual([20, 9, 2]);
      expect((await joined('sum')).map(([value]) => value)).toEqual([30, 16, 3]);
      expect((await joined('last')).map(([value]) => value)).toEqual([20, 9, 2]);
    });

    it('answers with no more points than asked for', async () => {
      const of = nextDevice();
      await put(
        Array.from({ length: 500 }, (_, index) =>
          reading({ device: of, atMs: START + index * 777, number: index, value: index }),
        ),
      );
      const query = {
        metric: 'soil_moisture',
        device: of,
        fromMs: START,
        toMs: START + 400_000,
        maxPoints: 7,
      } as const;
      expect((await store.query(query)).length).toBeLessThanOrEqual(7);
      const newest = await store.query({ ...query, aggregate: 'raw' });
      expect(newest.map((point) => point.value)).toEqual([493, 494, 495, 496, 497, 498, 499]);
    });

    it('knows which series it holds of a device', async () => {
      const of = nextDevice();
      await put([
        reading({ device: of, atMs: START, number: 1 }),
        reading({ device: of, atMs: START, number: 2, channel: 'deep down, =50 cm' }),
        reading({ device: of, atMs: START, number: 3, metric: 'temperature' }),
        reading({ device: nextDevice(), atMs: START, number: 4, metric: 'flow' }),
      ]);
      const names = await store.seriesOf(of);
      expect(names).toHaveLength(3);
      expect(names).toEqual(
        expect.arrayContaining([
          { metric: 'soil_moisture', channel: '' },
          { metric: 'soil_moisture', channel: 'deep down, =50 cm' },
          { metric: 'temperature', channel: '' },
        ]),
      );
      expect(await store.seriesOf("x' OR ''='")).toEqual([]);
    });

    it('finds nothing for a name that tries to be a query', async () => {
      const of = `x' OR "device" =~ /.*/ --`;
      expect(await all(of)).toEqual([]);
      expect(await all('soil\\')).toEqual([]);
      expect(await all(nextDevice(), "'\n\\'")).toEqual([]);
    });

    it('refuses a line that is none, with the reason', async () => {
      const outcome = await store.write('this is no line protocol');
      expect(outcome.outcome).toBe('reject');
      expect('reason' in outcome && outcome.reason.length).toBeGreaterThan(10);
    });

    rollupCases(() => store, nextDevice, put);

    it('takes every number a reading may hold and every channel the wire allows', async () => {
      let number = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.stringMatching(/^[\p{L}\p{N}_.:/ -]{1,20}$/u),
          async (value, channel) => {
            const of = nextDevice();
            number += 1;
            await put([reading({ device: of, atMs: START, number, value, channel })]);
            expect((await all(of, channel)).map((point) => point.value)).toEqual([value + 0]);
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}
