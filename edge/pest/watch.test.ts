import { describe, expect, it } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import { ba, byDevice, byHand, DAY_MS, HOUR_MS, MORNING_MS, watched } from './watch.suite.ts';

const FLY = 'bactrocera-dorsalis';
/** A threshold of the farm's own goes before that of the library. */
const ownThreshold = [
  { id: FLY, thresholds: [{ unit: 'per_trap_day', value: 4, source: 'Chi cục BVTV, 2026' }] },
];

const plotA = () => demoFarm().plots[0] ?? expect.fail('no plot');

describe('what to do', () => {
  it('is to look where nobody has looked', async () => {
    const farm = await watched();
    expect(farm.pest(FLY)).toMatchObject({ advice: 'look', reason: { key: 'pest_not_looked' } });
  });

  it('follows the trend of catches where no threshold is known', async () => {
    const farm = await watched({ traps: [byHand] }, [{ id: FLY, thresholds: [] }]);
    await farm.counts(7, '2026-11-15T23:00', { since: '2026-11-08T23:00' });
    await farm.counts(8, '2026-11-22T23:00');
    expect(farm.pest(FLY)).toMatchObject({ advice: 'wait', reason: { key: 'pest_no_threshold' } });
    await farm.watch.notes.withdrawCount(
      farm.records('trap_count')[1]?.countId ?? '',
      { revision: 1, why: 'sai' },
      ba,
    );
    await farm.counts(28, '2026-11-22T23:00', { since: '2026-11-15T23:00' });
    expect(farm.pest(FLY)).toMatchObject({ advice: 'look', reason: { key: 'pest_catch_rising' } });
  });

  it('is to act at the farm’s own threshold, with one alarm until it is over', async () => {
    const farm = await watched({ traps: [byHand] }, ownThreshold);
    await farm.counts(35, '2026-11-22T23:00', { since: '2026-11-15T23:00' });
    expect(farm.pest(FLY)).toMatchObject({
      ...{
        advice: 'act',
        perTrapPerDay: 5,
        reason: { key: 'pest_above_threshold', figures: { caught: 5, action: 4 } },
      },
    });
    farm.wait(2 * HOUR_MS);
    await farm.restart();
    expect(farm.raised).toEqual([`plot-a/${FLY} pest_act`]);
    expect(farm.alarms.get(`plot-a/${FLY} pest_act`)).toEqual({
      ...{ pest: 'Ruồi đục quả phương đông (Bactrocera dorsalis)', plot: 'Lô A' },
    });
    farm.wait(DAY_MS);
    const { countId } = farm.records('trap_count')[0] ?? { countId: '' };
    await farm.watch.notes.withdrawCount(countId, { revision: 1, why: 'sai' }, ba);
    expect(farm.alarms.size).toBe(0);
  });

  it('goes by the threshold of the crop’s stage where people say it, else by the lowest', async () => {
    const farm = await watched({ plots: [{ ...plotA(), crop: 'lúa' }], traps: [] });
    const seen = {
      ...{ plot: 'plot-a', pest: 'nilaparvata-lugens', seenAt: '2026-11-22T16:00' },
      ...{ unit: 'per_hill', value: 12, sampleSize: 20 },
    };
    await farm.watch.notes.see(seen, ba);
    expect(farm.pest('nilaparvata-lugens')).toMatchObject({
      ...{ advice: 'act', reason: { figures: { action: 5 } }, notes: [{ key: 'pest_lowest_threshold' }] },
    });
    const cropStage = 'panicle initiation to booting';
    await farm.watch.notes.see({ ...seen, seenAt: '2026-11-22T17:00', cropStage }, ba);
    expect(farm.pest('nilaparvata-lugens')).toMatchObject({
      ...{ advice: 'wait', reason: { key: 'pest_seen_near', figures: { action: 15 } } },
    });
    const wrong = await farm.watch.notes.see({ ...seen, cropStage: 'ripe' }, ba);
    expect(wrong).toMatchObject({ refused: { key: 'pest_seen_stage', figures: { stage: 'ripe' } } });
  });

  it('is told by what people find on plants, which outweighs what traps hint at', async () => {
    const farm = await watched({ traps: [byHand] });
    const seen = {
      plot: 'plot-a',
      pest: FLY,
      seenAt: '2026-11-22T16:00',
      unit: 'percent_fruit',
      sampleSize: 50,
    };
    await farm.watch.notes.see({ ...seen, value: 2 }, ba);
    expect(farm.pest(FLY)).toMatchObject({ advice: 'wait', reason: { key: 'pest_seen_below' } });
    await farm.watch.notes.see({ ...seen, seenAt: '2026-11-23T06:00', value: 14 }, ba);
    expect(farm.pest(FLY)).toMatchObject({
      ...{ advice: 'act', reason: { key: 'pest_seen_above', figures: { seen: 14, action: 10 } } },
      notes: expect.arrayContaining([{ key: 'pest_not_looked', figures: { days: 7 } }]),
    });
  });

  it.each([
    [{ plot: 'plot-x' }, 'pest_plot_unknown'],
    [{ pest: 'ants' }, 'pest_not_in_library'],
    [{ unit: 'per_trap_day' }, 'pest_seen_unit'],
    [{ value: 101 }, 'pest_seen_value'],
    [{ value: -1 }, 'pest_seen_value'],
    [{ sampleSize: 0 }, 'pest_seen_sample'],
    [{ sampleSize: 1.5 }, 'pest_seen_sample'],
    [{ seenAt: '2026-11-24T06:00' }, 'pest_time_future'],
  ])('of a scouting that cannot be: %o', async (wrong, key) => {
    const farm = await watched();
    const seen = {
      plot: 'plot-a',
      pest: FLY,
      seenAt: '2026-11-22T16:00',
      unit: 'percent_fruit',
      value: 2,
      sampleSize: 50,
    };
    expect(await farm.watch.notes.see({ ...seen, ...wrong }, ba)).toMatchObject({ refused: { key } });
  });

  it('counts neighbours who have much of it, as long as they have said so lately', async () => {
    const farm = await watched({ traps: [byHand] }, ownThreshold);
    await farm.counts(7, '2026-11-22T23:00', { since: '2026-11-15T23:00' });
    expect(farm.pest(FLY)?.lookAgainDay).toBe(Date.UTC(2026, 10, 30) / DAY_MS);
    const neighbour = {
      pest: FLY,
      farm: 'HTX 2',
      distanceKm: 2,
      bearing: 45,
      perTrapPerDay: 9,
      date: '2026-11-22',
    };
    farm.neighbours.push(
      neighbour,
      { ...neighbour, date: '2026-11-20' },
      { ...neighbour, date: '2026-10-01', perTrapPerDay: 90 },
    );
    farm.watch.changed();
    expect(farm.pest(FLY)).toMatchObject({
      ...{ advice: 'wait', lookAgainDay: Date.UTC(2026, 10, 24) / DAY_MS, neighbours: [neighbour] },
      notes: expect.arrayContaining([
        { key: 'pest_neighbours', figures: { farms: 1, caught: 9, action: 4, nearestKm: 2 } },
      ]),
    });
  });
});

describe('heat', () => {
  it('adds up from the first catch, forecasts the next flight, and outlives a restart', async () => {
    const farm = await watched({ traps: [byHand] });
    await farm.warmDays(30);
    await farm.counts(0, '2026-11-02T23:30', { since: '2026-10-24T23:30' });
    await farm.counts(4, '2026-11-12T23:30', { since: '2026-11-11T23:30' });
    // Sine between 24 and 30 °C: 27 − 8.87 = 18.13 K·d a day, eleven days from the 12th to the 22nd.
    const seen = () => farm.pest(FLY)?.development;
    expect(seen()).toMatchObject({ biofixKind: 'first_catch', biofixDay: Date.UTC(2026, 10, 12) / DAY_MS });
    expect(seen()?.heat.degreeDays).toBeCloseTo(11 * 18.13, 6);
    expect(seen()).toMatchObject({
      generation: 1,
      stage: 'pupa',
      flightDay: Date.UTC(2026, 10, 30) / DAY_MS,
    });
    farm.hours.length = 0;
    await farm.restart();
    expect(seen()?.heat.degreeDays).toBeCloseTo(11 * 18.13, 6);
  });

  it('of days that nobody measured is told to be missing, and is not made up', async () => {
    const farm = await watched({ traps: [byHand] });
    await farm.counts(4, '2026-11-12T23:30', { since: '2026-11-11T23:30' });
    await farm.warmDays(3);
    expect(farm.pest(FLY)?.development?.heat).toMatchObject({
      missingDays: expect.objectContaining({ length: 8 }),
    });
    expect(farm.pest(FLY)?.notes).toContainEqual({ key: 'pest_heat_unknown', figures: { days: 8 } });
  });

  it('counts from the day that a person tells, until they take it back', async () => {
    const farm = await watched({ traps: [byHand] });
    await farm.warmDays(30);
    const place = { plot: 'plot-a', pest: FLY };
    await farm.watch.notes.setBiofix({ ...place, date: '2026-11-20' }, ba);
    await farm.restart();
    expect(farm.pest(FLY)?.development).toMatchObject({
      biofixKind: 'person',
      heat: { degreeDays: expect.closeTo(3 * 18.13) },
    });
    expect(await farm.watch.notes.setBiofix({ ...place, date: '2026-11-24' }, ba)).toMatchObject({
      refused: { key: 'pest_time_future' },
    });
    await farm.watch.notes.setBiofix({ ...place, date: null }, ba);
    expect(farm.pest(FLY)?.development).toBeNull();
  });

  it('of a pest without traps forecasts from the day that a person tells', async () => {
    const MITE = 'tetranychus-urticae';
    const [plot, ...plots] = demoFarm().plots;
    const farm = await watched({ plots: plot ? [{ ...plot, pests: [MITE] }, ...plots] : [] });
    await farm.warmDays(30);
    await farm.watch.notes.setBiofix({ plot: 'plot-a', pest: MITE, date: '2026-11-18' }, ba);
    const seen = { plot: 'plot-a', pest: MITE, seenAt: '2026-11-23T06:00', unit: 'per_leaf', sampleSize: 50 };
    await farm.watch.notes.see({ ...seen, value: 1 }, ba);
    // Five days of 27 − 12.5 K·d: 72.5 of 146.48, and 5.1 days to go.
    expect(farm.pest(MITE)).toMatchObject({
      ...{
        advice: 'wait',
        lookAgainDay: Date.UTC(2026, 10, 27) / DAY_MS,
        reason: { key: 'pest_seen_below' },
      },
      notes: [{ key: 'pest_next_flight', figures: { days: 6, generation: 2 } }],
    });
  });

  it('forecasts no third generation: they overlap', async () => {
    const farm = await watched({ traps: [byHand] });
    await farm.warmDays(60);
    await farm.watch.notes.setBiofix({ plot: 'plot-a', pest: FLY, date: '2026-10-10' }, ba);
    expect(farm.pest(FLY)?.development).toMatchObject({ generation: 3, flightDay: null });
    expect(farm.pest(FLY)?.notes).toContainEqual({ key: 'pest_generations_overlap', figures: {} });
  });
});

describe('wet leaves', () => {
  const SPOT = 'dragon-fruit-brown-spot';
  const humid = { relativeHumidity: { min: 90, max: 99, mean: 96 } };

  it('for long enough mean acting, and say when humidity stood in for a sensor', async () => {
    const farm = await watched();
    await farm.warmDays(1, humid);
    expect(farm.pest(SPOT)).toMatchObject({
      ...{ advice: 'act', reason: { key: 'pest_infection', figures: { wetHours: 24, celsius: 27 } } },
      ...{
        notes: [{ key: 'pest_wetness_estimated', figures: { hours: 24 } }],
        infection: { estimatedHours: 24 },
      },
    });
    expect([...farm.alarms.keys()]).toContain(`plot-a/${SPOT} pest_act`);
  });

  it('in a time-lapse are wet by the hours of its own days, and are judged when one of those is over', async () => {
    const hour = (startMs: number, isWet: boolean): WeatherHour => ({
      ...{ startMs, atMs: startMs + HOUR_MS, samples: 6, airTemperature: { min: 25, max: 27, mean: 26 } },
      ...{ relativeHumidity: { min: 60, max: 99, mean: isWet ? 97 : 70 }, dewPoint: null, rain: 0 },
      ...{ airPressure: null, windSpeed: null, solarRadiation: null, gauges: [] },
    });
    // A week ahead of the clock, as after some hours of sixty times the speed: a night of 15 wet hours, the others dry.
    const dawnMs = MORNING_MS + 7 * DAY_MS;
    const hours = Array.from({ length: 96 }, (_, i) => hour(dawnMs - (48 - i) * HOUR_MS, i >= 33 && i < 48));
    const calendar = { ms: dawnMs, hours };
    const farm = await watched({}, [], calendar);
    expect(farm.pest(SPOT)).toMatchObject({ advice: 'act', reason: { figures: { wetHours: 15 } } });
    const today = Math.floor((MORNING_MS + 7 * HOUR_MS) / DAY_MS);
    expect(farm.pest(SPOT)?.lookAgainDay).toBe(today + 1);
    // Of the clock less than an hour has gone by.
    calendar.ms += 3 * DAY_MS;
    farm.wait(3 * 24 * 60_000);
    expect(farm.pest(SPOT)).toMatchObject({ advice: 'wait', lookAgainDay: today + 3 });
  });

  it('by a sensor need no estimate, and dry ones mean waiting', async () => {
    const farm = await watched();
    await farm.warmDays(1, { ...humid, leafWetness: 2 });
    expect(farm.pest(SPOT)).toMatchObject({
      advice: 'wait',
      reason: { key: 'pest_not_wet_enough' },
      notes: [],
    });
  });

  it('of which nobody has measured anything are no dry ones', async () => {
    const farm = await watched();
    expect(farm.pest(SPOT)).toMatchObject({ advice: 'look', reason: { key: 'pest_wetness_unmeasured' } });
  });
});

describe('what other farms may know', () => {
  it('is told once a day and pest, of the week that ended yesterday, without plot and trap', async () => {
    const farm = await watched();
    await farm.counts(14, '2026-11-22T23:59', { since: '2026-11-15T23:59' });
    await farm.restart();
    farm.wait(3 * HOUR_MS);
    expect(farm.records('pest_pressure')).toEqual([
      {
        ...{ kind: 'pest_pressure', atMs: MORNING_MS, date: '2026-11-22', pest: FLY },
        ...{ perTrapPerDay: 2, traps: 1, trapDays: 7, latitude: 10.93, longitude: 108.1 },
      },
    ]);
    farm.wait(DAY_MS);
    expect(farm.records('pest_pressure').map(({ date, trapDays }) => [date, trapDays])).toEqual([
      ['2026-11-22', 7],
      ['2026-11-23', 6],
    ]);
  });

  it('is nothing while nobody has counted or is sure of the day', async () => {
    const farm = await watched({ traps: [byHand, byDevice] });
    farm.wait(2 * DAY_MS);
    expect(farm.records('pest_pressure')).toEqual([]);
  });
});

it('pages are told when something changes, and not each time that somebody looks', async () => {
  const farm = await watched();
  const before = farm.changes.count;
  farm.wait(60_000);
  farm.wait(60_000);
  expect(farm.changes.count).toBe(before);
  await farm.counts(14, '2026-11-22T23:59', { since: '2026-11-15T23:59' });
  expect(farm.changes.count).toBe(before + 1);
});
