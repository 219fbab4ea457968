import { describe, expect, it } from 'vitest';
import { loadLibrary } from '../crop-water/library.ts';
import { zoneModel } from '../crop-water/zone-model.ts';
import { Farm, firstMs, HOUR_MS, model, site } from './water-ledger.suite.ts';

describe('the water ledger', () => {
  it('closes each day at its local midnight, with every figure, and the depletion of the next begins there', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.wait(64);
    const days = farm.days();
    expect(days.map(({ date }) => date)).toEqual(['2026-02-10', '2026-02-11', '2026-02-12']);
    for (const day of days) {
      expect(day.et0Method).toBe('penman_monteith');
      expect(day.et0Mm).toBeGreaterThan(3.5);
      expect(day.et0Mm).toBeLessThan(7);
      expect(day.etcMm).toBeCloseTo(day.kc * day.et0Mm, 2);
    }
    expect(farm.depletionMm()).toBeCloseTo(days[2]?.depletionMm ?? 0, 1);
  });

  it('dries in the sun and not at night', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.given(20_000);
    farm.wait(12);
    const evening = farm.depletionMm();
    expect(evening).toBeGreaterThan(1);
    farm.wait(9);
    expect(farm.depletionMm() - evening).toBeLessThan(0.3);
  });

  it('takes what was measured, less what does not stay; what nobody measured as it was planned, and apart', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.wait(17);
    const before = farm.depletionMm();
    farm.given(5_000);
    expect(before - farm.depletionMm()).toBeCloseTo(4.5, 6);
    farm.given(null, 1_000);
    expect(before - farm.depletionMm()).toBeCloseTo(5.4, 6);
    farm.wait(24);
    expect(farm.days().at(-1)).toMatchObject({
      measuredLitres: 5_000,
      unprovenLitres: 1_000,
      irrigationMm: 5.4,
    });
  });

  it('counts rain of the gauge, and says when none spoke', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.rainMm.set(firstMs + 14 * HOUR_MS, 20);
    farm.wait(17);
    expect(farm.days()[0]).toMatchObject({ rainMm: 20 });
    farm.isWeatherTold = false;
    farm.wait(24);
    expect(farm.days()[1]).toMatchObject({ rainMm: null, et0Method: 'recent' });
  });

  it('lets the days before stand in for ten days, then the month, and never forgets what it knew for want of both', async () => {
    const farm = new Farm();
    farm.site = { ...site, monthlyEt0Mm: [4.5, 4.8, 5.6, 6.2, 5, 4.5, 4, 4, 4, 4, 4, 4.2] };
    farm.ledger.tick();
    farm.given(40_000);
    farm.wait(40);
    farm.isWeatherTold = false;
    farm.wait(24 * 11);
    const methods = farm.days().map(({ et0Method }) => et0Method);
    expect(methods.slice(0, 2)).toEqual(['penman_monteith', 'penman_monteith']);
    expect(new Set(methods.slice(2, 12))).toEqual(new Set(['recent']));
    expect(farm.days()[12]).toMatchObject({ et0Method: 'monthly_normal', et0Mm: 4.8 });
    expect(farm.ledger.et0MmPerDay()).toBeNull();
    farm.wait(24 * 10);
    expect(farm.days().at(-1)).toMatchObject({ date: '2026-03-04', et0Mm: 5.6 });
    expect(farm.ledger.depletion('a1')?.etcMmPerDay).toBeCloseTo(5.6 * (farm.ledger.view('a1')?.kc ?? 0), 9);
    const known = farm.days()[11]?.et0Mm ?? 0;
    farm.site = site;
    await farm.boot().start(farm.runs);
    farm.wait(48);
    expect(farm.days().at(-1)).toMatchObject({
      et0Method: 'last_known',
      isAssumed: farm.days()[0]?.isAssumed,
    });
    expect(farm.days().at(-1)?.et0Mm).toBeCloseTo(known, 3);
    expect(
      farm
        .days()
        .at(-1)
        ?.et0Reasons.map(({ key }) => key),
    ).toEqual(['et0_last_known']);
  });

  it('does not take an hour at noon that nobody told for one without sun', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.wait(34);
    const whole = farm.ledger.view('a1')?.et0Mm ?? 0;
    farm.isHourTold = (startMs) => startMs !== firstMs + 36 * HOUR_MS;
    expect((farm.ledger.view('a1')?.et0Mm ?? 0) / whole).toBeCloseTo(1, 1);
  });

  it('goes by each month where nothing was ever measured', () => {
    const farm = new Farm();
    farm.site = { ...site, monthlyEt0Mm: [4.5, 4.8, 5.6, 6.2, 5, 4.5, 4, 4, 4, 4, 4, 4.2] };
    farm.isWeatherTold = false;
    farm.ledger.tick();
    farm.wait(24 * 61);
    const et0 = new Map(farm.days().map(({ date, et0Mm }) => [date, et0Mm]));
    expect([et0.get('2026-02-11'), et0.get('2026-03-31'), et0.get('2026-04-11')]).toEqual([4.8, 5.6, 6.2]);
    expect(farm.ledger.et0MmPerDay()).toBeNull();
  });

  it('believes a storm of two days, and leaves out a wind that never ends, until it is possible again', () => {
    const farm = new Farm();
    const isOn = (day: number) => (day >= 2 && day <= 3) || (day >= 6 && day <= 10);
    farm.windTimes = (ms) => (isOn(Math.floor((ms - firstMs) / (24 * HOUR_MS))) ? 10 : 1);
    farm.wait(24 * 13 - 8);
    const et0 = farm.days().map(({ et0Mm }) => et0Mm);
    const [calm = 0] = et0;
    const strong = et0.map((mm) => mm > calm * 1.3);
    expect(strong.slice(0, 12)).toEqual(
      [2, 3, 6, 7].reduce((all, day) => all.with(day, true), new Array<boolean>(12).fill(false)),
    );
    const named = farm.days().map(({ et0Reasons }) => et0Reasons.map(({ key }) => key));
    expect(named[8]).toEqual(['weather_wind_doubted', 'et0_wind_default']);
    expect(named[11]).toEqual([]);
    // Once a day: day 8 is the third, day 11 is calm.
    expect(farm.weatherDoubts.map((keys) => keys.length)).toEqual(
      [9, 10, 11].reduce((all, day) => all.with(day, 1), new Array<number>(14).fill(0)),
    );
    expect(farm.depletionMm()).toBeGreaterThan(0);
  });

  it('goes on after a restart where it was, also over days on which the gateway was off', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.wait(20);
    farm.given(3_000);
    const before = farm.depletionMm();
    const restarted = farm.boot();
    return restarted.start(farm.runs).then(() => {
      expect(farm.depletionMm()).toBeCloseTo(before, 3);
      farm.nowMs += 72 * HOUR_MS;
      restarted.tick();
      expect(farm.days().map(({ date }) => date)).toEqual([
        '2026-02-10',
        '2026-02-11',
        '2026-02-12',
        '2026-02-13',
      ]);
      expect(farm.days()[1]?.measuredLitres).toBe(3_000);
    });
  });

  it('closes no day while nobody knows the date', () => {
    const farm = new Farm();
    farm.isTrusted = false;
    farm.wait(60);
    expect(farm.days()).toEqual([]);
    farm.isTrusted = true;
    farm.ledger.tick();
    farm.wait(24);
    expect(farm.days()).toHaveLength(1);
  });

  it('counts what was given before midnight in the day in which it ended, also after a restart', async () => {
    const farm = new Farm();
    farm.ledger.tick();
    // From half past eleven to half past midnight.
    farm.wait(16);
    farm.nowMs += HOUR_MS / 2;
    farm.given(3_000);
    await farm.boot().start(farm.runs);
    farm.wait(24);
    expect(farm.days().map(({ measuredLitres }) => measuredLitres)).toEqual([0, 3_000]);
  });

  it('keeps the soil over a month without a trusted clock, and over a clock that was ahead', () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.given(40_000);
    farm.wait(40);
    const before = farm.depletionMm();
    const trueMs = farm.nowMs;
    farm.isTrusted = false;
    farm.nowMs = Date.UTC(1970, 0, 1);
    farm.wait(1);
    farm.ledger.view('a1');
    expect(farm.ledger.view('a1')?.isAssumed).toBe(false);
    farm.isTrusted = true;
    farm.nowMs = trueMs + 3 * 24 * HOUR_MS;
    farm.ledger.tick();
    farm.nowMs = trueMs;
    farm.ledger.tick();
    expect(farm.ledger.view('a1')?.isAssumed).toBe(false);
    expect(farm.depletionMm()).toBeGreaterThanOrEqual(before);
    const closed = farm.days().length;
    farm.wait(24);
    // Days that were closed too early come again, and are closed again.
    expect(farm.days()).toHaveLength(closed + 1);
  });

  it('begins another crop with its own roots, in a soil that is as moist as it was', async () => {
    const farm = new Farm();
    farm.ledger.tick();
    farm.given(40_000);
    farm.wait(64);
    const before = farm.ledger.view('a1') ?? expect.fail('nothing is known');
    const water = { crop: 'tomato', soil: 'sandy-loam', areaSquareMetres: 1_000, method: 'drip' } as const;
    const planted = zoneModel(
      {
        ...{ ...water, fieldCapacity: 0.26, wiltingPoint: 0.1, efficiency: 0.9, rootedFraction: 0.5 },
        plantedOn: '2026-02-12',
      },
      loadLibrary(),
    );
    farm.zones = { a1: planted };
    await farm.boot().start(farm.runs);
    const after = farm.ledger.view('a1') ?? expect.fail('nothing is known');
    expect(after.tawMm).toBeLessThan(before.tawMm * 0.8);
    expect(after.depletionMm / after.tawMm).toBeCloseTo(before.depletionMm / before.tawMm, 1);
    expect(after.isAssumed).toBe(false);
    farm.wait(24);
    expect(farm.days().at(-1)).toMatchObject({ crop: 'tomato', plantedOn: '2026-02-12' });
    expect(farm.ledger.view('a1')?.tawMm).toBeLessThan(before.tawMm * 0.8);
  });

  it('takes a root depth that was corrected at once, and draws on from what the crop has drawn', async () => {
    const farm = new Farm();
    const rooted = (metres: number) => ({
      a1: { ...model, rootDepth: { initialMetres: metres, fullMetres: metres } },
    });
    farm.zones = rooted(4);
    farm.ledger.tick();
    farm.given(300_000);
    farm.wait(64);
    expect(farm.ledger.view('a1')?.tawMm).toBeCloseTo(320, 6);
    const drawnMm = farm.depletionMm();
    expect(drawnMm).toBeGreaterThan(5);
    farm.zones = rooted(0.4);
    expect(farm.ledger.view('a1')?.tawMm).toBeCloseTo(32, 6);
    expect(farm.depletionMm()).toBeCloseTo(drawnMm, 6);
    await farm.boot().start(farm.runs);
    expect(farm.ledger.view('a1')?.tawMm).toBeCloseTo(32, 6);
    farm.wait(24 * 20);
    expect(farm.ledger.view('a1')).toMatchObject({ tawMm: expect.closeTo(32, 6), isAssumed: false });
    expect(farm.days().at(-1)).toMatchObject({ rootDepthMetres: 0.4 });
    expect(farm.depletionMm()).toBeLessThanOrEqual(32);
  });

  it('reckons on where the figures of one zone cannot be reckoned with', () => {
    const farm = new Farm();
    farm.zones = { a0: { ...model, areaSquareMetres: Number.NaN }, a1: model };
    farm.ledger.tick();
    farm.wait(40);
    expect(farm.days().filter(({ zone }) => zone === 'a1')).toHaveLength(2);
  });
});
