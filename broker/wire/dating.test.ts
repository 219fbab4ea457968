import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateReading, dateReadings, isUndated } from './dating.ts';
import { encodeReading, encodeReadings, observedAtMs, type Reading, seriesTimeNs } from './line-protocol.ts';
import { quality, qualityFlags } from './metrics.ts';

const NOW = Date.UTC(2026, 10, 21, 10);
const HOUR = 3_600_000;
/** The gateway woke up in 1970. */
const SHIFT = NOW;

function reading(atMs: number, receivedAtMs: number, bits: number = quality.clockUncertain): Reading {
  const names = { metric: 'soil_ph', device: 'd1', channel: 'a,quality=32i' } as const;
  return { ...names, value: 6, quality: bits, receivedAtMs, timeNs: seriesTimeNs(atMs, 42) };
}

function dated(atMs: number, receivedAtMs: number, bits: number = quality.clockUncertain) {
  const result = dateReading(reading(atMs, receivedAtMs, bits), SHIFT);
  return {
    atMs: observedAtMs(result),
    receivedAtMs: result.receivedAtMs,
    flags: qualityFlags(result.quality),
  };
}

describe('a reading of a boot without a trusted clock', () => {
  it('dated by the gateway, or by a device that had its time from the gateway, is moved', () => {
    expect(dated(HOUR, HOUR)).toEqual({ atMs: NOW + HOUR, receivedAtMs: NOW + HOUR, flags: [] });
    expect(dated(HOUR - 5_000, HOUR)).toMatchObject({ atMs: NOW + HOUR - 5_000, flags: [] });
    const invalid = quality.clockUncertain | quality.deviceTimeInvalid | quality.jump;
    expect(dated(HOUR, HOUR, invalid)).toMatchObject({
      atMs: NOW + HOUR,
      flags: ['deviceTimeInvalid', 'jump'],
    });
  });

  it('dated by the device’s own clock keeps that time, judged against the true time of reception', () => {
    const ahead = quality.clockUncertain | quality.fromFuture;
    expect(dated(NOW + HOUR - 3_000, HOUR, ahead)).toMatchObject({ atMs: NOW + HOUR - 3_000, flags: [] });
    expect(dated(NOW, HOUR, ahead)).toMatchObject({ atMs: NOW, flags: ['late'] });
    expect(dated(NOW + 2 * HOUR, HOUR, ahead)).toMatchObject({ atMs: NOW + HOUR, flags: ['fromFuture'] });
  });

  it('keeps its running number, and so its identity; what was certain is left as it is', () => {
    const certain = reading(NOW, NOW, quality.lowBattery);
    const lines = encodeReadings([certain, reading(HOUR, HOUR)]);
    const result = dateReadings(lines, SHIFT).split('\n');
    expect(result[0]).toBe(encodeReading(certain));
    expect(result[1]).toMatch(new RegExp(`^soil_ph\\S+(?:\\\\ \\S+)* value=6 ${NOW + HOUR}000042$`));
    expect(isUndated(lines)).toBe(true);
    expect(isUndated(result.join('\n'))).toBe(false);
    expect(isUndated(encodeReading(certain))).toBe(false);
  });

  it('keeps order and distance among those dated by the gateway, whatever the shift', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1e12 })),
        fc.integer({ min: -1e12, max: 1e12 }),
        (times, shift) => {
          const before = times.map((atMs) => reading(atMs, atMs));
          const after = before.map((one) => dateReading(one, shift));
          const distance = after.map(({ timeNs }, n) => timeNs - (before[n]?.timeNs ?? 0n));
          expect(distance.every((ns) => ns === BigInt(shift) * 1_000_000n)).toBe(true);
        },
      ),
    );
  });
});
