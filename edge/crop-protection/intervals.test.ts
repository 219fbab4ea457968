import type { SprayRecord } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateText, dayOfText, momentOf } from '../irrigation/programs/calendar.ts';
import {
  brokenIntervals,
  dateAt,
  earliestHarvest,
  type GuardNow,
  harvestBars,
  noEntries,
} from './intervals.ts';
import { product, SPRAYED_MS, spray } from './sprays.suite.ts';

const VIETNAM = 'Asia/Ho_Chi_Minh';
const DAY_MS = 86_400_000;
const at = (text: string, timeZone = VIETNAM) => {
  const [date = '', time = '00:00'] = text.split(' ');
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return momentOf(timeZone, dayOfText(date) ?? 0, hours * 60 + minutes);
};
const now = (text: string, isTrusted = true, timeZone = VIETNAM): GuardNow => ({
  ...{ nowMs: at(text, timeZone), isTrusted, timeZone },
});
const noEntriesAt = (sprays: SprayRecord[], nowMs: number) =>
  noEntries(sprays, [], { nowMs, timeZone: VIETNAM });
const bars = (sprays: SprayRecord[], text: string, when = now(text), products = [product()]) =>
  harvestBars(sprays, products, { plot: 'plot-a', atMs: at(text, when.timeZone) }, when);

describe('the earliest harvest', () => {
  it('is the local day of the end plus the days of the label, not so many times 24 hours', () => {
    const late = spray({ endedAtMs: at('2026-11-23 17:00') });
    expect(earliestHarvest([late], [], 'plot-a', null)?.earliestDate).toBe('2026-11-30');
    expect(bars([late], '2026-11-29 23:59').map(({ reason }) => reason)).toEqual([
      {
        key: 'harvest_inside_interval',
        figures: {
          product: 'Ví dụ 100EC',
          sprayedDate: '2026-11-23',
          phiDays: 7,
          earliestDate: '2026-11-30',
        },
      },
    ]);
    expect(bars([late], '2026-11-30 00:00')).toEqual([]);
  });

  it('is a whole day later than hours would have it where clocks go forward in between', () => {
    const zone = 'America/New_York';
    const before = spray({ startedAtMs: at('2026-03-01 12:00', zone), endDate: '2026-03-01' });
    expect(bars([before], '2026-03-08 00:30', now('2026-03-08 00:30', true, zone))).toEqual([]);
    expect(bars([before], '2026-03-07 23:30', now('2026-03-07 23:30', true, zone))).toHaveLength(1);
  });

  it('counts the latest of several sprays, and each product of a tank mix', () => {
    const [one] = spray().products;
    const [other] = spray({}, product({ tradeName: 'Khác', phiDays: 21 })).products;
    if (!one || !other) throw new Error('two products');
    const mix = spray({ products: [one, other] });
    const later = spray({ sprayId: 's2', endDate: '2026-12-01' });
    expect(earliestHarvest([mix, later], [], 'plot-a', null)).toMatchObject({
      ...{ sprayId: 's1', earliestDate: '2026-12-14' },
      reason: { figures: { product: 'Khác', phiDays: 21 } },
    });
    expect(bars([mix, later], '2026-12-03 08:00').map(({ sprayId }) => sprayId)).toEqual(['s1', 's2']);
  });

  it('is of one plot only, and none where nothing was sprayed', () => {
    expect(earliestHarvest([spray()], [], 'plot-b', null)).toBeNull();
  });

  it('follows a correction, and a withdrawal lifts it', () => {
    const corrected = spray({ revision: 2, endDate: '2026-11-25', why: 'wrong day' });
    expect(earliestHarvest([corrected, spray()], [], 'plot-a', null)?.earliestDate).toBe('2026-12-02');
    const withdrawn = spray({ revision: 3, state: 'withdrawn', why: 'another plot' });
    expect(earliestHarvest([withdrawn, spray(), corrected], [], 'plot-a', null)).toBeNull();
  });

  it('takes the longer interval where the list in force has another one for the same use', () => {
    const of = (told: object) => earliestHarvest([spray()], [product(told)], 'plot-a', null)?.earliestDate;
    expect(of({ tradeName: 'VI DU 100ec', phiDays: 14 })).toBe('2026-12-07');
    expect(of({ phiDays: 3 })).toBe('2026-11-30');
    expect(of({ phiDays: 90, crops: ['rice'] })).toBe('2026-11-30');
  });

  it('of a product that stands on no list nobody knows: a year, until the list knows it', () => {
    const unlisted = spray({
      products: [{ tradeName: 'Thuốc lạ', dose: { amount: 1, unit: 'L/ha' }, listed: null }],
    });
    expect(earliestHarvest([unlisted], [product()], 'plot-a', null)).toMatchObject({
      ...{ earliestDate: '2027-11-23', reason: { key: 'harvest_phi_unknown' } },
    });
    const known = product({ tradeName: 'thuốc lạ', phiDays: 10 });
    expect(earliestHarvest([unlisted], [known], 'plot-a', null)?.earliestDate).toBe('2026-12-03');
  });
});

describe('clocks that are wrong open nothing', () => {
  it('a spray of 1970 bars the harvest until somebody dates it', () => {
    const old = spray({ startedAtMs: 5, endedAtMs: 10, endDate: '1970-01-01' });
    expect(bars([old], '2026-11-24 08:00')).toMatchObject([
      { earliestDate: null, reason: { key: 'harvest_spray_undated' } },
    ]);
  });

  it('a harvest of 1970, or of next month, is refused whatever was sprayed', () => {
    const when = now('2026-11-24 08:00');
    for (const text of ['1970-01-01 00:00', '2026-12-24 08:00'])
      expect(bars([], text, when)).toMatchObject([{ reason: { key: 'harvest_date_impossible' } }]);
  });

  it('an interval that is over by a clock nobody trusts is not held for over', () => {
    const when = now('2027-03-01 08:00', false);
    expect(bars([spray()], '2027-03-01 08:00', when)).toMatchObject([
      { sprayId: 's1', reason: { key: 'harvest_clock_untrusted', figures: { earliestDate: '2026-11-30' } } },
    ]);
    expect(bars([], '2027-03-01 08:00', when)).toEqual([]);
    expect(bars([spray({}, product({ phiDays: 0 }))], '2027-03-01 08:00', when, [])).toEqual([]);
  });
});

describe('re-entry', () => {
  it('is barred by hours, for the zones that were sprayed, with the product that holds longest', () => {
    const [one] = spray().products;
    const [other] = spray({}, product({ tradeName: 'Khác', reiHours: 48 })).products;
    if (!one || !other) throw new Error('two products');
    const mix = spray({ zones: ['a1'], products: [one, other] });
    const untilMs = mix.endedAtMs + 48 * 3_600_000;
    expect(noEntriesAt([mix], untilMs - 1)).toEqual([
      {
        ...{ plot: 'plot-a', zones: ['a1'], untilMs, sprayId: 's1' },
        reason: {
          key: 'no_entry_until',
          figures: { product: 'Khác', untilDate: '2026-11-25', untilTime: '07:30' },
        },
      },
    ]);
    expect(noEntriesAt([mix], untilMs)).toEqual([]);
  });

  it('has no end that is known where the product stands on no list', () => {
    const unlisted = spray({
      products: [{ tradeName: 'Thuốc lạ', dose: { amount: 1, unit: 'L/ha' }, listed: null }],
    });
    expect(noEntriesAt([unlisted], SPRAYED_MS + DAY_MS)).toMatchObject([
      { untilMs: null, reason: { key: 'no_entry_unknown' } },
    ]);
    expect(noEntriesAt([unlisted], SPRAYED_MS + 40 * DAY_MS)).toEqual([]);
  });
});

describe('a spray that is told after the harvest', () => {
  const harvest = { harvestId: 'h1', plot: 'plot-a', atMs: at('2026-11-25 08:00'), quantityKg: 500 };
  const broken = (one: object, sprays: SprayRecord[]) =>
    brokenIntervals([{ ...harvest, ...one }], sprays, [], VIETNAM).map(({ bar }) => bar.sprayId);

  it('shows which harvests lay within its interval', () => {
    expect(broken({}, [spray()])).toEqual(['s1']);
    expect(broken({ atMs: at('2026-11-30 08:00') }, [spray()])).toEqual([]);
    expect(broken({ atMs: at('2026-11-22 08:00') }, [spray()])).toEqual([]);
    expect(broken({ plot: 'plot-b' }, [spray()])).toEqual([]);
  });

  it('is not met by a word that did not know of it', () => {
    expect(broken({ override: { sprayIds: ['s1'] } }, [spray()])).toEqual([]);
    expect(broken({ override: { sprayIds: ['s1'] } }, [spray(), spray({ sprayId: 's2' })])).toEqual(['s2']);
  });
});

const revision = fc
  .record({
    sprayId: fc.constantFrom('s1', 's2', 's3'),
    revision: fc.integer({ min: 1, max: 3 }),
    atMs: fc.integer({ min: 0, max: 3 }),
    state: fc.constantFrom('standing' as const, 'withdrawn' as const),
    plot: fc.constantFrom('plot-a', 'plot-b'),
    day: fc.integer({ min: 0, max: 20 }),
    phiDays: fc.integer({ min: 0, max: 15 }),
  })
  .map(({ day, phiDays, ...told }) =>
    spray(
      {
        ...told,
        startedAtMs: SPRAYED_MS + day * DAY_MS,
        endedAtMs: SPRAYED_MS + day * DAY_MS + 5_400_000,
        endDate: dateText((dayOfText('2026-11-23') ?? 0) + day),
      },
      product({ phiDays }),
    ),
  );
const harvests = fc.array(
  fc.record({
    harvestId: fc.uuid(),
    plot: fc.constantFrom('plot-a', 'plot-b'),
    atMs: fc.integer({ min: 0, max: 40 }).map((day) => SPRAYED_MS + day * DAY_MS),
    quantityKg: fc.constant(1),
  }),
  { maxLength: 6 },
);

describe('whatever order things come in', () => {
  it('the answers are the same', () => {
    fc.assert(
      fc.property(
        fc
          .array(revision, { maxLength: 8 })
          .chain((list) =>
            fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
          ),
        harvests.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([one, other], [picked, shuffled]) => {
          for (const plot of ['plot-a', 'plot-b'])
            expect(earliestHarvest(one, [], plot, null)).toEqual(earliestHarvest(other, [], plot, null));
          expect(noEntriesAt(one, SPRAYED_MS)).toEqual(noEntriesAt(other, SPRAYED_MS));
          const byId = (some: ReturnType<typeof brokenIntervals>) =>
            some.map(({ harvest, bar }) => `${harvest.harvestId} ${bar.sprayId}`).sort();
          expect(byId(brokenIntervals(picked, one, [], VIETNAM))).toEqual(
            byId(brokenIntervals(shuffled, other, [], VIETNAM)),
          );
        },
      ),
    );
  });

  it('a harvest is let through exactly on days that no interval reaches', () => {
    fc.assert(
      fc.property(fc.array(revision, { maxLength: 8 }), fc.integer({ min: 20, max: 45 }), (sprays, day) => {
        const atMs = SPRAYED_MS + day * DAY_MS + 43_200_000;
        const when = { nowMs: atMs, isTrusted: true, timeZone: VIETNAM };
        const earliest = earliestHarvest(sprays, [], 'plot-a', null)?.earliestDate ?? '';
        const refused = harvestBars(sprays, [], { plot: 'plot-a', atMs }, when);
        expect(refused.length > 0).toBe(dateAt(VIETNAM, atMs) < earliest);
      }),
    );
  });
});
