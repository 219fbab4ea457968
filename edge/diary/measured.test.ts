import type { JournalRecord } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { type MeasuredEntry, measuredEntries, type Numbered } from './measured.ts';

type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;
const farm = demoFarm();
const plot = farm.plots[0]?.id ?? '';
const zone = farm.plots[0]?.zones[0]?.id ?? '';
/** 05:00 in Vietnam. */
const morning = Date.UTC(2026, 10, 19, 22);
const MINUTE = 60_000;

const run = (more: Partial<RecordOf<'run'>> = {}): RecordOf<'run'> => ({
  ...{ kind: 'run', runId: 'r', zone, valve: 'v', startedAtMs: morning, endedAtMs: morning + 18 * MINUTE },
  ...{ plannedSeconds: 1_200, actualSeconds: 1_080, plannedLitres: 900, measuredLitres: 812.34 },
  ...{ soilMoistureBefore: 0.2, soilMoistureAfter: 0.3, outcome: 'completed', proof: 'metered' },
  reason: { key: 'soil_dry', figures: { soilMoisture: 0.2 } },
  ...more,
});
const alarm = (
  state: 'active' | 'acknowledged' | 'cleared',
  atMs: number,
  more: object = {},
): RecordOf<'alarm'> => ({
  ...{ kind: 'alarm', alarmId: 'a', atMs, severity: 'high', state, source: zone },
  reason: { key: 'no_flow', figures: {} },
  ...more,
});
const hour = (startMs: number, more: Partial<RecordOf<'weather_hour'>> = {}): RecordOf<'weather_hour'> => ({
  ...{
    kind: 'weather_hour',
    startMs,
    atMs: startMs + 60 * MINUTE,
    samples: 6,
    dewPoint: null,
    airPressure: null,
  },
  ...{ airTemperature: { min: 24, max: 28, mean: 26 }, relativeHumidity: { min: 70, max: 90, mean: 80 } },
  ...{ windSpeed: 2, solarRadiation: null, rain: 1.2, gauges: [] },
  ...more,
});
const entriesOf = (...records: JournalRecord[]): MeasuredEntry[] =>
  measuredEntries(records.map((record, n) => ({ number: n + 1, record })) as Numbered[], farm);

describe('an entry that writes itself', () => {
  it('tells a watering as it was measured: where, when by the farm, litres, minutes, why, and where it stands', () => {
    expect(entriesOf(run())).toEqual([
      {
        ...{
          entryId: 'run:r',
          entryKind: 'watering',
          date: '2026-11-20',
          startTime: '05:00',
          endTime: '05:18',
        },
        ...{ plot, zone, reason: { key: 'soil_dry', figures: { soilMoisture: 0.2 } }, journalEntries: [1] },
        figures: { litres: 812.3, minutes: 18, plannedLitres: 900, outcome: 'completed', proof: 'metered' },
      },
    ]);
  });

  it('never fills in the plan for what nobody measured, and tells no watering that never began', () => {
    const [blind] = entriesOf(run({ measuredLitres: null, actualSeconds: null }));
    expect(blind).toMatchObject({ endTime: null, figures: { litres: null, minutes: null } });
    expect(entriesOf(run({ outcome: 'expired' }))).toEqual([]);
  });

  it('tells an alarm once, from its beginning to its end, and who has seen it', () => {
    const seen = { key: 'no_flow', figures: { acknowledgedBy: 'Sáu' } };
    const records = [
      alarm('active', morning),
      alarm('acknowledged', morning + MINUTE, { reason: seen }),
      alarm('cleared', morning + 30 * MINUTE, { reason: seen }),
    ];
    expect(entriesOf(...records)).toMatchObject([
      {
        startTime: '05:00',
        endTime: '05:30',
        plot,
        figures: { acknowledgedBy: 'Sáu' },
        journalEntries: [1, 2, 3],
      },
    ]);
    expect(entriesOf(alarm('cleared', morning))).toEqual([]);
  });

  it('sums up a day of weather, an hour told twice as it was told last', () => {
    const [day, ...more] = entriesOf(
      hour(morning),
      hour(morning, { rain: 2 }),
      hour(morning + 60 * MINUTE, { airTemperature: { min: 22, max: 33.33, mean: 27 }, rain: null }),
    );
    expect(more).toEqual([]);
    expect(day).toMatchObject({
      ...{ entryId: 'weather:2026-11-20', journalEntries: [2, 3] },
      figures: {
        hours: 2,
        rainMm: 2,
        airTemperatureMin: 22,
        airTemperatureMax: 33.3,
        relativeHumidityMean: 80,
      },
    });
  });

  it('says that no rain is known where no gauge spoke', () => {
    expect(entriesOf(hour(morning, { rain: null }))[0]?.figures.rainMm).toBeNull();
  });

  it('has the litres that the journal has, whatever runs there were', () => {
    const runs = fc.array(
      fc.record({
        litres: fc.option(fc.integer({ min: 0, max: 5_000 })),
        day: fc.nat(20),
        expired: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(runs, (all) => {
        const records = all.map(({ litres, day, expired }, n) =>
          run({
            ...{ runId: `r${n}`, measuredLitres: litres, startedAtMs: morning + day * 1_440 * MINUTE },
            outcome: expired ? 'expired' : 'completed',
          }),
        );
        const told = entriesOf(...records).map(({ figures }) => Number(figures.litres ?? 0));
        const journaled = all.filter(({ expired }) => !expired).map(({ litres }) => litres ?? 0);
        expect(told.reduce((a, b) => a + b, 0)).toBe(journaled.reduce((a, b) => a + b, 0));
        expect(told).toHaveLength(journaled.length);
      }),
    );
  });
});

it('a dose is an entry of each zone that got some of it, with its part of the nutrients', () => {
  const one = { runId: 'r', hectares: 0.1, stage: 'mid', litres: 100 };
  const dose: RecordOf<'dose'> = {
    ...{ kind: 'dose', doseId: 'd', head: 'h', recipe: 'deu', startedAtMs: morning },
    ...{ endedAtMs: morning + 10 * MINUTE, waterLitres: 400, ec: 1.612, ph: 6, isUpperBound: false },
    zones: [
      { ...one, zone, plot, share: 0.25 },
      { ...one, zone: 'z2', plot, share: 0.75 },
    ],
    tanks: [
      {
        tank: 'a',
        millilitres: 4_000,
        gramsPerLitre: { N: 15.5, P: 10 },
        fillId: null,
        leftMillilitres: null,
      },
    ],
    ...{ why: { key: 'dose_complete', figures: {} }, learnt: { strength: null, acid: 0 } },
  };
  const entries = measuredEntries([{ number: 7, record: dose }], farm);
  expect(entries).toMatchObject([
    {
      ...{ entryId: `dose:d:${zone}`, entryKind: 'dosing', startTime: '05:00', endTime: '05:10', plot, zone },
      // 62 g of N and 40 g of P, which are 91.7 g of P2O5, in 4 L.
      figures: { recipe: 'deu', stockLitres: 1, nitrogenKg: 0.02, phosphateKg: 0.02, ec: 1.61, ph: 6 },
      journalEntries: [7],
    },
    { entryId: 'dose:d:z2', figures: { stockLitres: 3, nitrogenKg: 0.05, phosphateKg: 0.07 } },
  ]);
  const nothing = { ...dose, tanks: [] };
  expect(measuredEntries([{ number: 8, record: nothing }], farm)).toEqual([]);
});
