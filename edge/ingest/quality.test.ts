import { type Metric, metrics, quality, qualityFlags } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newSeriesState, observe } from './observation.ts';
import { isFitForControl } from './quality.ts';

const T0 = Date.UTC(2026, 10, 21, 10);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NO_TIME = { timeGiven: false };

/** A series of one sensor: each call is a reading so long after the first, with its flags as answer. */
function sensor(metric: Metric) {
  const state = newSeriesState();
  return (value: number, afterMs: number, deviceMs?: number) => {
    const time = deviceMs === undefined ? NO_TIME : { timeGiven: true, observedAtMs: T0 + deviceMs };
    return qualityFlags(observe(state, metric, value, time, T0 + afterMs).bits);
  };
}

describe('a jump', () => {
  it('is a change faster than the metric can, since the last believed reading', () => {
    const soil = sensor(metrics.soil_moisture);
    expect(soil(0.3, 0)).toEqual([]);
    expect(soil(0.7, 30 * SECOND)).toEqual(['jump']);
    expect(soil(0.31, 60 * SECOND)).toEqual([]);
    expect(soil(0.75, 60 * SECOND + 2 * MINUTE)).toEqual(['jump']);
    expect(soil(0.32, 10 * MINUTE)).toEqual([]);
    expect(soil(0.72, 12 * MINUTE)).toEqual([]);
  });

  it('is not the first reading, nor noise of readings a second apart', () => {
    const air = sensor(metrics.air_temperature);
    expect(air(45, 0)).toEqual([]);
    expect(air(42, SECOND)).toEqual([]);
    expect(air(46, 2 * SECOND)).toEqual([]);
  });

  it('becomes the new level with the third reading that stands by it: the sensor was moved', () => {
    const soil = sensor(metrics.soil_temperature);
    soil(20, 0);
    expect(soil(40, 1 * SECOND)).toEqual(['jump']);
    expect(soil(40.5, 2 * SECOND)).toEqual(['jump']);
    expect(soil(40.2, 3 * SECOND)).toEqual([]);
    expect(soil(40.1, 4 * SECOND)).toEqual([]);
    expect(soil(20, 5 * SECOND)).toEqual(['jump']);
  });

  it('stays a jump while the wild readings do not agree with each other', () => {
    const soil = sensor(metrics.soil_temperature);
    soil(20, 0);
    for (let n = 1; n <= 20; n++) expect(soil(n % 2 ? 60 : -15, n * SECOND)).toEqual(['jump']);
    expect(soil(20.5, 21 * SECOND)).toEqual([]);
  });

  it('is never seen in a change within the rate, whatever the times and their order', () => {
    const jumpy = Object.values<Metric>(metrics).filter((metric) => metric.maxPerMinute !== undefined);
    fc.assert(
      fc.property(
        fc.constantFrom(...jumpy),
        fc.array(
          fc.tuple(fc.integer({ min: 0, max: 3 * HOUR }), fc.double({ min: -1, max: 1, noNaN: true })),
        ),
        (metric, steps) => {
          const read = sensor(metric);
          const perMinute = metric.maxPerMinute ?? 0;
          let [value, atMs] = [(metric.min + metric.max) / 2, 0];
          for (const [gapMs, part] of steps) {
            const change = part * perMinute * Math.max(1, gapMs / MINUTE);
            value = Math.min(metric.max, Math.max(metric.min, value + change));
            atMs += gapMs;
            expect(read(value, atMs)).not.toContain('jump');
          }
        },
      ),
    );
  });

  it('leaves out of range alone: such a reading is no level to compare with', () => {
    const soil = sensor(metrics.soil_moisture);
    soil(0.3, 0);
    for (let n = 1; n < 5; n++) expect(soil(9.9, n * SECOND)).toEqual(['outOfRange']);
    expect(soil(0.3, 5 * SECOND)).toEqual([]);
  });
});

describe('a flat line', () => {
  it('begins when nothing has moved for so many hours, and ends when it moves', () => {
    const air = sensor(metrics.air_temperature);
    for (let hour = 0; hour < 24; hour++) expect(air(27.5, hour * HOUR)).toEqual([]);
    expect(air(27.5, 24 * HOUR)).toEqual(['flatLine']);
    expect(air(27.5, 25 * HOUR)).toEqual(['flatLine']);
    expect(air(27.6, 26 * HOUR)).toEqual([]);
    expect(air(27.6, 27 * HOUR)).toEqual([]);
  });

  it('is not told of a sensor that was silent meanwhile', () => {
    const air = sensor(metrics.air_temperature);
    for (let n = 0; n < 10; n++) expect(air(27.5, n * 5 * HOUR)).toEqual([]);
    expect(air(27.5, 46 * HOUR)).toEqual([]);
  });

  it('is not told of a metric that may stand still', () => {
    const rain = sensor(metrics.rain_rate);
    for (let hour = 0; hour < 200; hour++) expect(rain(0, hour * HOUR)).toEqual([]);
  });
});

describe('a counter', () => {
  it('that stands lower than before is flagged once', () => {
    const meter = sensor(metrics.volume);
    expect(meter(1_000, 0)).toEqual([]);
    expect(meter(1_010, MINUTE)).toEqual([]);
    expect(meter(3, 2 * MINUTE)).toEqual(['counterReset']);
    expect(meter(3, 3 * MINUTE)).toEqual([]);
    expect(meter(9, 4 * MINUTE)).toEqual([]);
  });

  it('is not reset by a reading that was taken earlier and comes late', () => {
    const meter = sensor(metrics.volume);
    meter(1_000, HOUR, HOUR);
    expect(meter(900, HOUR + SECOND, 0)).toEqual(['late']);
    expect(meter(1_001, 2 * HOUR, 2 * HOUR)).toEqual([]);
  });

  it('that only rises is never flagged, however its readings are dated and ordered', () => {
    const rises = fc.array(
      fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.nat(24 * HOUR), fc.boolean()),
    );
    fc.assert(
      fc.property(rises, fc.infiniteStream(fc.boolean()), (steps, swaps) => {
        let [value, atMs] = [0, 0];
        const readings = steps.map(([rise, gapMs, hasTime]) => {
          value += rise;
          atMs += gapMs + 1;
          return { value, atMs, hasTime };
        });
        // Two neighbours that carry their own time may arrive the other way round.
        for (let n = 1; n < readings.length; n++) {
          const [before, after] = [readings[n - 1], readings[n]];
          if (!before?.hasTime || !after?.hasTime || !swaps.next().value) continue;
          readings.splice(n - 1, 2, after, before);
          n += 1;
        }
        const meter = sensor(metrics.volume);
        for (const reading of readings)
          expect(meter(reading.value, atMs, reading.hasTime ? reading.atMs : undefined)).not.toContain(
            'counterReset',
          );
      }),
    );
  });
});

describe('the time of a reading', () => {
  it('is the device’s own when it can be, and else the receive time, with the reason', () => {
    const soil = sensor(metrics.soil_ph);
    expect(soil(6, 0, 0)).toEqual([]);
    expect(soil(6, MINUTE, 0)).toEqual(['deviceTimeRepeated']);
    expect(soil(6, MINUTE, 4 * MINUTE)).toEqual(['fromFuture']);
    expect(soil(6, HOUR, MINUTE)).toEqual(['late']);
    expect(soil(6, HOUR, -T0)).toEqual(['deviceTimeInvalid']);
    const state = newSeriesState();
    const ahead = { timeGiven: true, observedAtMs: T0 + HOUR };
    expect(observe(state, metrics.soil_ph, 6, ahead, T0)).toMatchObject({ atMs: T0 });
  });

  it('is the device’s also when it lies ahead of a clock of ours that is not trusted; control leaves it alone', () => {
    const own = { timeGiven: true, observedAtMs: T0 };
    const { atMs, bits } = observe(newSeriesState(), metrics.soil_ph, 6, own, HOUR, false);
    expect(atMs).toBe(T0);
    expect(qualityFlags(bits)).toEqual(['clockUncertain', 'fromFuture']);
    expect(isFitForControl(bits)).toBe(false);
    const undated = observe(newSeriesState(), metrics.soil_ph, 6, NO_TIME, HOUR, false);
    expect(qualityFlags(undated.bits)).toEqual(['clockUncertain']);
    expect(isFitForControl(undated.bits)).toBe(true);
  });
});

describe('control', () => {
  it('uses no reading whose value or time is in doubt', () => {
    const fit = Object.entries(quality)
      .filter(([, bit]) => isFitForControl(bit))
      .map(([name]) => name);
    expect(fit).toEqual(['good', 'clockUncertain', 'counterReset', 'lowBattery']);
  });
});
