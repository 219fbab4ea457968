import { encodeReadings, type Reading, seriesTimeNs, type UplinkEntry } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { summaryOf } from './summary.ts';
import { entry } from './uplink.suite.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 22);

const reading = (device: string, value: number, atMs: number, quality = 0): Reading => ({
  ...{ metric: 'soil_moisture', device, channel: '', value, quality },
  ...{ receivedAtMs: atMs, timeNs: seriesTimeNs(atMs, 1) },
});

const journalOf = (...payloads: string[]) => {
  const entries: UplinkEntry[] = payloads.map((payload, index) => entry(index + 1, payload));
  return { read: async (after: number, limit: number) => entries.slice(after, after + limit) };
};

const sum = (journal: ReturnType<typeof journalOf>, lastNumber: number, monotonicMs = () => 0) =>
  summaryOf({ journal, firstNumber: 1, lastNumber, monotonicMs });

it('tells count, least, most and last of each series and hour, the newest hour first', async () => {
  const journal = journalOf(
    encodeReadings([reading('d1', 0.3, START + HOUR), reading('d1', 0.1, START + 5)]),
    '{"kind":"record"}',
    encodeReadings([reading('d1', 0.2, START + 10), reading('d1', 0.9, START, 1)]),
    'rubbish',
  );
  const d1 = { device: 'd1', metric: 'soil_moisture', channel: '' };
  expect(await sum(journal, 4)).toEqual({
    ...{ firstNumber: 1, lastNumber: 4, stepMs: HOUR, complete: true },
    rows: [
      { ...d1, startAtMs: START + HOUR, count: 1, min: 0.3, max: 0.3, last: 0.3 },
      // Flagged ones are not in it.
      { ...d1, startAtMs: START, count: 2, min: 0.1, max: 0.2, last: 0.2 },
    ],
  });
});

it('counts every good reading once, whatever the steps, as long as it says that it is complete', async () => {
  const readings = fc.array(
    fc.record({ device: fc.integer({ min: 1, max: 30 }), hour: fc.integer({ min: 0, max: 400 }) }),
    { maxLength: 1_500 },
  );
  await fc.assert(
    fc.asyncProperty(readings, async (all) => {
      const payloads = all.map(({ device, hour }) =>
        encodeReadings([reading(`d${device}`, 0.2, START + hour * HOUR)]),
      );
      const { rows, complete } = await sum(journalOf(...payloads), payloads.length);
      expect(complete).toBe(true);
      expect(rows.length).toBeLessThanOrEqual(500);
      expect(rows.reduce((count, row) => count + row.count, 0)).toBe(all.length);
    }),
    { numRuns: 30 },
  );
});

it('keeps to its bounds: of more series than rows, or of more than three seconds, it has the newest', async () => {
  const payloads = Array.from({ length: 1_000 }, (_, i) =>
    encodeReadings([reading(`d${i}`, 0.2, START + i)]),
  );
  const crowded = await sum(journalOf(...payloads), 1_000);
  expect(crowded.complete).toBe(false);
  expect(crowded.rows).toHaveLength(500);
  expect(crowded.rows.every(({ device }) => Number(device.slice(1)) >= 500)).toBe(true);
  let nowMs = 0;
  const slow = await sum(journalOf(...payloads), 1_000, () => (nowMs += 1_000));
  expect(slow).toMatchObject({ complete: false, lastNumber: 1_000 });
  expect(slow.firstNumber).toBeGreaterThan(500);
});
