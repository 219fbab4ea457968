import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closed, newHour } from '../farm-weather/hour.ts';
import { farm, HOUR_MS, LIST, MORNING_MS, manager, member, technician, wish } from './farm.suite.ts';
import { earliestHarvest } from './intervals.ts';
import type { CropProtection } from './ledger.ts';
import type { SprayWish } from './read-spray.ts';

const refusal = async (answer: Promise<object>) => {
  const given = await answer;
  return 'refused' in given ? (given.refused as { key: string }).key : 'done';
};
const warnings = (ledger: CropProtection, told: Partial<SprayWish>) =>
  ledger.check(wish(told))?.warnings.map(({ key }) => key);

describe('the list of products', () => {
  it('is taken whole, as it was previewed, and each version is kept', async () => {
    const { ledger, imported, journal, restart, ...rest } = await farm();
    expect(await imported()).toMatchObject({ version: 1, fileName: 'thuoc.csv', recordedBy: 'u2' });
    expect(await imported(LIST.replace(',7,24', ',14,24'))).toMatchObject({ version: 2 });
    expect(ledger.list(1)?.products[0]?.phiDays).toBe(7);
    expect(ledger.list()?.products[0]?.phiDays).toBe(14);
    expect(ledger.list(3)).toBeUndefined();
    expect(journal).toHaveLength(2);
    expect(rest.alarms.size).toBe(0);
  });

  it('is refused with a single problem, when it is another file, or when the list has moved since', async () => {
    const { ledger, imported, journal } = await farm();
    const bytes = (text: string) => new TextEncoder().encode(text);
    const accept = (text: string, sha256: string, follows: number) =>
      refusal(ledger.accept(bytes(text), { sha256, follows, fileName: 'f.csv' }, technician));
    const seen = ledger.preview(bytes(LIST));
    expect(await accept(`${LIST} `, seen.sha256, 0)).toBe('import_not_the_previewed_file');
    const bad = LIST.replace(',7,24', ',x,24');
    expect(await accept(bad, ledger.preview(bytes(bad)).sha256, 0)).toBe('import_has_problems');
    expect(journal).toEqual([]);
    await imported(LIST.replace('Dầu', 'Khác'));
    expect(await accept(LIST, seen.sha256, 0)).toBe('import_list_has_moved');
  });
});

describe('a spraying', () => {
  it('is recorded with what the list said, who did it, and the farm’s own weather', async () => {
    const site = await farm();
    await site.imported();
    const hour = newHour(MORNING_MS - 3 * HOUR_MS);
    site.hours.push({ ...closed({ hour, gauges: {} }, []), windSpeed: 2.4, rain: 0 });
    const record = await site.ledger.record(wish({ sprayId: 's1', waterLitres: 600 }), member);
    expect(record).toMatchObject({
      ...{ kind: 'spray', sprayId: 's1', revision: 1, state: 'standing', recordedByName: 'Cô Ba' },
      ...{ areaHectares: 1.2, endDate: '2026-11-23', startedAtMs: Date.UTC(2026, 10, 22, 23), warnings: [] },
      products: [{ tradeName: 'Ví dụ 100EC', listed: { version: 1, row: 0, phiDays: 7, reiHours: 24 } }],
      weather: { windMetresPerSecond: 2.4, rainMm: 0, airTemperature: null },
    });
    expect(site.journal.at(-1)).toEqual(record);
  });

  it('that a phone sends twice is kept once, also after a restart; with other words it is refused', async () => {
    const site = await farm();
    await site.imported();
    const first = await site.ledger.record(wish({ sprayId: 's1' }), member);
    await site.restart();
    expect(await site.ledger.record(wish({ sprayId: 's1' }), member)).toEqual(first);
    expect(await refusal(site.ledger.record(wish({ sprayId: 's1', pest: 'sâu' }), member))).toBe(
      'spray_known_otherwise',
    );
    expect(site.journal).toHaveLength(2);
  });

  it.each<[string, Partial<SprayWish>]>([
    ['spray_plot_unknown', { plot: 'plot-z' }],
    ['spray_zone_unknown', { zones: ['b1'], areaHectares: 0.1 }],
    ['spray_area_missing', { zones: ['a1'] }],
    ['spray_area_too_large', { areaHectares: 12 }],
    ['spray_time_unreadable', { endedAt: '2026-11-23 07:30' }],
    ['spray_time_unreadable', { endedAt: '2026-11-31T07:30' }],
    ['spray_ends_before_start', { endedAt: '2026-11-23T05:30' }],
    ['spray_too_long', { startedAt: '2026-11-20T06:00' }],
    ['spray_in_future', { endedAt: '2026-11-23T09:30' }],
    ['spray_before_time', { startedAt: '1970-01-01T07:00', endedAt: '1970-01-01T08:00' }],
    ['spray_row_unknown', { products: [{ version: 1, row: 9, dose: { amount: 1, unit: 'L/ha' } }] }],
    ['spray_row_unknown', { products: [{ version: 4, row: 0, dose: { amount: 1, unit: 'L/ha' } }] }],
    ['spray_dose_unit_unknown', { products: [{ version: 1, row: 0, dose: { amount: 1, unit: 'chai' } }] }],
    [
      'spray_dose_unit_does_not_fit',
      { products: [{ version: 1, row: 0, dose: { amount: 1, unit: 'kg/ha' } }] },
    ],
    [
      'spray_dose_water_missing',
      { products: [{ version: 1, row: 0, dose: { amount: 20, unit: 'mL/16L' } }] },
    ],
    [
      'spray_product_twice',
      { products: [0, 0].map((row) => ({ version: 1, row, dose: { amount: 1, unit: 'L/ha' } })) },
    ],
  ])('cannot be recorded: %s', async (key, told) => {
    const { ledger, imported } = await farm();
    await imported();
    expect(await refusal(ledger.record(wish(told), member))).toBe(key);
  });

  it('is warned of by dose, in the label’s unit, from whatever unit and water', async () => {
    const { ledger, imported } = await farm();
    await imported();
    const of = (amount: number, unit: string, waterLitres?: number) =>
      ledger.check(wish({ waterLitres, products: [{ version: 1, row: 0, dose: { amount, unit } }] }))
        ?.warnings;
    expect(of(500, 'mL/ha')).toEqual([]);
    expect(of(1.2, 'L')).toEqual([]);
    expect(of(1.5, 'L/ha')).toMatchObject([
      { key: 'spray_dose_above', figures: { dose: 1.5, min: 0.5, max: 1, unit: 'L/ha' } },
    ]);
    // 10 mL in each 16 L, 600 L on 1.2 ha: 0.3125 L/ha.
    expect(of(10, 'ml/16 lít', 600)).toMatchObject([{ key: 'spray_dose_below', figures: { dose: 0.3125 } }]);
  });

  it('is warned of by crop, pest, market, number in a season, age of the list and of the spraying', async () => {
    const site = await farm({ targetMarkets: ['EU', 'VN'] });
    await site.imported();
    expect(warnings(site.ledger, { pest: 'rệp' })).toEqual(['spray_wrong_pest', 'spray_market_banned']);
    const dầu = { version: 1, row: 1, dose: { amount: 1, unit: 'L/ha' } };
    for (const endedAt of ['2026-11-20T07:00', '2026-11-21T07:00'])
      await site.ledger.record(wish({ startedAt: endedAt, endedAt, products: [dầu] }), member);
    expect(warnings(site.ledger, { products: [dầu] })).toEqual(['spray_too_often']);
    expect(warnings(site.ledger, { products: [dầu], plot: 'plot-b' })).toEqual([]);
    const old = {
      startedAt: '2026-10-01T06:00',
      endedAt: '2026-10-01T07:00',
      products: [dầu],
      plot: 'plot-b',
    };
    expect(warnings(site.ledger, old)).toEqual(['spray_long_ago']);
    await site.imported(LIST.replace(',0,4', ',1,4').replaceAll('thanh long|dragon fruit', 'xoài'));
    expect(warnings(site.ledger, { products: [dầu], plot: 'plot-b' })).toEqual(['spray_list_outdated']);
    expect(warnings(site.ledger, { products: [{ ...dầu, version: 2 }], plot: 'plot-b' })).toEqual([
      'spray_wrong_crop',
    ]);
  });

  it('knows of some ingredients by itself that a market does not take', async () => {
    const { ledger, imported } = await farm({ targetMarkets: ['VN'] });
    await imported(LIST.replace('exampline 100 g/L', 'Chlorpyrifos Ethyl 480 g/L'));
    expect(ledger.check(wish())?.warnings).toMatchObject([
      { key: 'spray_market_banned', figures: { ingredient: 'Chlorpyrifos Ethyl', market: 'VN' } },
    ]);
  });

  it.each([
    ['VN', 'Carbendazim 500 g/L'],
    ['VN', 'Paraquat dichloride 276 g/L'],
    ['VN', 'Glyphosate IPA 480 g/L'],
    ['EU', 'MANCOZEB 800 g/kg'],
    ['EU', 'Chlorothalonil 750 g/kg'],
    ['CN', 'Carbofuran 3 %'],
  ])('tells for %s of %s at entry', async (market, ingredient) => {
    const { ledger, imported } = await farm({ targetMarkets: [market] });
    await imported(LIST.replace('exampline 100 g/L', ingredient).replace('EU banned', ''));
    expect(ledger.check(wish())?.warnings).toMatchObject([
      { key: 'spray_market_banned', figures: { market } },
    ]);
  });

  it('against a warning wants a word why, but not for wind and rain', async () => {
    const site = await farm({ targetMarkets: ['EU'] });
    await site.imported();
    expect(await refusal(site.ledger.record(wish(), member))).toBe('spray_needs_word');
    expect(await site.ledger.record(wish({ nevertheless: 'hết thuốc khác' }), member)).toMatchObject({
      ...{
        nevertheless: 'hết thuốc khác',
        warnings: [{ key: 'spray_market_banned', figures: { market: 'EU' } }],
      },
    });
    const windy = closed({ hour: newHour(MORNING_MS - 3 * HOUR_MS), gauges: {} }, []);
    site.hours.push({ ...windy, windSpeed: 7, rain: 1.2 });
    const oil = wish({ products: [{ version: 1, row: 1, dose: { amount: 1, unit: 'L/ha' } }] });
    expect(await site.ledger.record(oil, member)).toMatchObject({
      warnings: [{ key: 'spray_windy' }, { key: 'spray_rain', figures: { rainMm: 1.2 } }],
    });
  });

  it('with a product that stands on no list is told all the same, and bars the harvest', async () => {
    const { ledger, harvest } = await farm();
    const unlisted = { products: [{ tradeName: 'Thuốc lạ', dose: { amount: 1, unit: 'chai' } }] };
    expect(await refusal(ledger.record(wish(unlisted), member))).toBe('spray_needs_word');
    await ledger.record(wish({ ...unlisted, nevertheless: 'mua ở chợ' }), member);
    expect(await harvest()).toEqual(['harvest_phi_unknown']);
  });

  it('while the clock is not trusted is taken with that said', async () => {
    const site = await farm();
    await site.imported();
    site.clock.isTrusted = false;
    const record = await site.ledger.record(wish({ endedAt: '2026-11-23T12:00' }), member);
    expect(record).toMatchObject({ isClockTrusted: false, warnings: [{ key: 'spray_clock_untrusted' }] });
  });
});

describe('a harvest', () => {
  it('is refused inside the interval, also after a restart, and let through on its day', async () => {
    const site = await farm();
    await site.imported();
    await site.ledger.record(wish(), member);
    expect(await site.harvest()).toEqual(['harvest_inside_interval']);
    await site.restart();
    expect(await site.harvest()).toEqual(['harvest_inside_interval']);
    expect(await site.harvest(undefined, undefined, 'plot-b')).toEqual([]);
    site.clock.ms = Date.UTC(2026, 10, 29, 17);
    expect(await site.harvest()).toEqual([]);
  });

  it('is let be by a manager with a reason, which stands in its record with what had refused it', async () => {
    const site = await farm();
    await site.imported();
    await site.ledger.record(wish({ sprayId: 's1' }), member);
    expect(await site.harvest(undefined, { person: technician, reason: 'gấp' })).toHaveLength(1);
    expect(await site.harvest(undefined, { person: manager, reason: ' ' })).toHaveLength(1);
    expect(await site.harvest(undefined, { person: manager, reason: 'tiêu hủy' })).toEqual([]);
    expect(site.journal.at(-1)).toMatchObject({
      override: {
        ...{ by: 'u3', byName: 'Chị Năm', reason: 'tiêu hủy', sprayIds: ['s1'] },
        refusals: [{ key: 'harvest_inside_interval', figures: { earliestDate: '2026-11-30' } }],
      },
    });
    expect(site.alarms.size).toBe(0);
  });

  it('of a day that cannot be is let be by nobody', async () => {
    const { harvest } = await farm();
    const word = { person: manager, reason: 'gấp' };
    expect(await harvest(0, word)).toEqual(['harvest_date_impossible']);
    expect(await harvest(MORNING_MS + 86_400_000, word)).toEqual(['harvest_date_impossible']);
  });

  it('before which a phone was offline with a spray raises an alarm, until that is corrected', async () => {
    const site = await farm();
    await site.imported();
    expect(await site.harvest()).toEqual([]);
    await site.ledger.record(wish({ sprayId: 's1' }), member);
    expect([...site.alarms]).toMatchObject([
      [
        expect.stringMatching(/^plot-a\/\S+ harvest_broke_interval$/),
        { product: 'Ví dụ 100EC', earliestDate: '2026-11-30', harvestDate: '2026-11-23', quantityKg: 500 },
      ],
    ]);
    site.alarms.clear();
    await site.restart();
    expect(site.alarms.size).toBe(1);
    await site.ledger.withdraw('s1', { revision: 1, why: 'lô khác' }, technician);
    expect(site.alarms.size).toBe(0);
  });
});

describe('corrections', () => {
  it('are revisions with who, when and why; nothing is deleted', async () => {
    const site = await farm();
    await site.imported();
    await site.ledger.record(
      wish({ sprayId: 's1', startedAt: '2026-11-22T06:00', endedAt: '2026-11-22T07:00' }),
      member,
    );
    site.clock.ms += HOUR_MS;
    await site.ledger.correct('s1', { revision: 1, why: 'nhầm ngày', wish: wish() }, technician);
    await site.restart();
    expect(site.ledger.revisions('s1')).toMatchObject([
      { revision: 1, endDate: '2026-11-22', recordedBy: 'u1' },
      { revision: 2, endDate: '2026-11-23', recordedBy: 'u2', why: 'nhầm ngày', atMs: site.clock.ms },
    ]);
    expect(site.ledger.plots().plots[0]?.earliestHarvest?.earliestDate).toBe('2026-11-30');
  });

  it('of a revision that is not the newest, or of no spray, are refused', async () => {
    const { ledger, imported } = await farm();
    await imported();
    await ledger.record(wish({ sprayId: 's1' }), member);
    const correct = (sprayId: string, revision: number) =>
      refusal(ledger.correct(sprayId, { revision, why: 'x', wish: wish({ pest: 'kiến' }) }, technician));
    expect(await correct('s9', 1)).toBe('spray_unknown');
    expect(await correct('s1', 1)).toBe('done');
    expect(await correct('s1', 1)).toBe('spray_has_moved');
  });

  it('that bring a harvest forward are not a member’s to say', async () => {
    const { ledger, imported, harvest } = await farm();
    await imported();
    await ledger.record(wish({ sprayId: 's1' }), member);
    const oil = wish({ products: [{ version: 1, row: 1, dose: { amount: 1, unit: 'L/ha' } }] });
    const told = { revision: 1, why: 'thuốc khác' };
    expect(await refusal(ledger.withdraw('s1', told, member))).toBe('spray_change_opens_harvest');
    expect(await refusal(ledger.correct('s1', { ...told, wish: oil }, member))).toBe(
      'spray_change_opens_harvest',
    );
    const elsewhere = { ...told, wish: wish({ plot: 'plot-b' }) };
    expect(await refusal(ledger.correct('s1', elsewhere, member))).toBe('spray_change_opens_harvest');
    expect(await harvest()).toHaveLength(1);
    expect(
      await refusal(
        ledger.correct('s1', { ...told, wish: wish({ pest: 'sâu', nevertheless: 'x' }) }, member),
      ),
    ).toBe('done');
    told.revision = 2;
    expect(await refusal(ledger.correct('s1', { ...told, wish: oil }, technician))).toBe('done');
    expect(await harvest()).toEqual([]);
  });
});

it('a member’s correction does not end the alarm of a harvest that broke an interval', async () => {
  const site = await farm();
  await site.imported();
  expect(await site.harvest()).toEqual([]);
  await site.ledger.record(wish({ sprayId: 's1' }), member);
  site.clock.ms += 30 * 86_400_000;
  const told = { revision: 1, why: 'lô khác' };
  expect(await refusal(site.ledger.withdraw('s1', told, member))).toBe('spray_change_opens_harvest');
  expect(site.alarms.size).toBe(1);
});

it('sprays of years ago bar nothing and are not kept in memory; the alarm that one has raised stays', async () => {
  const site = await farm();
  await site.imported();
  expect(await site.harvest()).toEqual([]);
  await site.ledger.record(wish({ sprayId: 's1' }), member);
  site.clock.ms += 500 * 86_400_000;
  await site.restart();
  expect(site.ledger.sprays()).toEqual([]);
  site.clock.isTrusted = false;
  expect(await site.harvest()).toEqual([]);
  expect(site.alarms.size).toBe(1);
});

it('shows who must not go in where, until when, and the earliest harvest of each plot', async () => {
  const { ledger, imported } = await farm();
  await imported();
  await ledger.record(wish({ zones: ['a2'], areaHectares: 0.4 }), member);
  expect(ledger.plots()).toMatchObject({
    ...{ today: '2026-11-23', isClockTrusted: true, listVersion: 1 },
    plots: [
      {
        ...{ plot: 'plot-a', earliestHarvest: { earliestDate: '2026-11-30' } },
        noEntry: [{ zones: ['a2'], untilMs: MORNING_MS - 1.5 * HOUR_MS + 24 * HOUR_MS }],
      },
      { plot: 'plot-b', earliestHarvest: null, noEntry: [] },
    ],
  });
});

const step = fc.oneof(
  fc.record({
    do: fc.constant('spray' as const),
    day: fc.integer({ min: -8, max: 0 }),
    row: fc.integer({ min: 0, max: 1 }),
  }),
  fc.record({ do: fc.constant('correct' as const), n: fc.nat(4), day: fc.integer({ min: -8, max: 0 }) }),
  fc.record({ do: fc.constant('withdraw' as const), n: fc.nat(4) }),
  fc.record({ do: fc.constant('harvest' as const), day: fc.integer({ min: -8, max: 2 }) }),
  fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('restart' as const) }),
);

it('whatever happens in whatever order, no harvest inside an interval is accepted without a word', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
      const site = await farm();
      await site.imported();
      const date = (day: number) => new Date(site.clock.ms + day * 86_400_000).toISOString().slice(0, 10);
      const dated = (day: number, row = 0) =>
        wish({
          ...{ startedAt: `${date(day)}T06:00`, endedAt: `${date(day)}T07:00`, nevertheless: 'x' },
          products: [{ version: 1, row, dose: { amount: 1, unit: 'L/ha' } }],
        });
      for (const one of steps) {
        const known = site.ledger.sprays();
        if (one.do === 'wait') site.clock.ms += one.days * 86_400_000;
        if (one.do === 'restart') await site.restart();
        if (one.do === 'spray') await site.ledger.record(dated(one.day, one.row), member);
        const target = 'n' in one ? known[one.n % Math.max(1, known.length)] : undefined;
        const told = { revision: target?.revision ?? 1, why: 'x' };
        if (one.do === 'correct' && target)
          await site.ledger.correct(target.sprayId, { ...told, wish: dated(one.day) }, technician);
        if (one.do === 'withdraw' && target) await site.ledger.withdraw(target.sprayId, told, technician);
        if (one.do !== 'harvest') continue;
        const atMs = site.clock.ms + one.day * 86_400_000;
        const before = site.journal.length;
        await site.harvest(atMs);
        const sprays = site.journal.slice(0, before).filter((record) => record.kind === 'spray');
        const begun = sprays.filter(({ startedAtMs }) => startedAtMs <= atMs);
        // Of a spray that was moved to another day the newest revision counts alone.
        const isNewest = (sprayId: string, revision: number) =>
          sprays.every((other) => other.sprayId !== sprayId || other.revision <= revision);
        const counting = begun.filter(({ sprayId, revision }) => isNewest(sprayId, revision));
        const earliest = earliestHarvest(counting, [], 'plot-a', null)?.earliestDate ?? '';
        const isAccepted = site.journal.length > before;
        expect(isAccepted).toBe(one.day <= 0 && date(one.day) >= earliest);
      }
    }),
    { numRuns: 60 },
  );
});
