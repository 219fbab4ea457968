import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type NeighbourCatch, neighbourRisk, withNeighbours } from './neighbour-risk.ts';

/** 2026-11-20. */
const TODAY = 20_777;
const fly = { pest: 'bactrocera_dorsalis', actionPerTrapAndDay: 2, caught: 0.2 };

function daysAgo(days: number): string {
  return new Date((TODAY - days) * 86_400_000).toISOString().slice(0, 10);
}

function caught(perTrapPerDay: number, own: Partial<NeighbourCatch> = {}): NeighbourCatch {
  return {
    ...{ pest: fly.pest, farm: 'Trạm bơm số 2', distanceKm: 0, bearing: null, date: daysAgo(0) },
    perTrapPerDay,
    ...own,
  };
}

const risk = (...catches: NeighbourCatch[]) => neighbourRisk(fly, catches, TODAY);

describe('neighbours’ catches', () => {
  it('at the action threshold next door mean looking tomorrow, with what was caught and how near', () => {
    expect(risk(caught(2))).toEqual({
      lookWithinDays: 1,
      reason: { key: 'pest_neighbours', figures: { farms: 1, caught: 2, action: 2, nearestKm: 1 } },
    });
  });

  it('count half at 5 km and after a week, a fifth at 10 km, and nothing after two weeks', () => {
    expect(risk(caught(4, { distanceKm: 5 }))?.lookWithinDays).toBe(1);
    expect(risk(caught(3.9, { distanceKm: 5 }))?.lookWithinDays).toBe(2);
    expect(risk(caught(4, { date: daysAgo(7) }))?.lookWithinDays).toBe(1);
    expect(risk(caught(3.9, { date: daysAgo(7) }))?.lookWithinDays).toBe(2);
    expect(risk(caught(10, { distanceKm: 10 }))?.lookWithinDays).toBe(1);
    expect(risk(caught(4.9, { distanceKm: 10 }))).toBeNull();
    expect(risk(caught(100_000, { date: daysAgo(14) }))).toBeNull();
  });

  it('of farms of unknown place count as at 10 km, and say that nobody knows how far it is', () => {
    expect(risk(caught(10, { distanceKm: null }))).toEqual({
      lookWithinDays: 1,
      reason: { key: 'pest_neighbours_unplaced', figures: { farms: 1, caught: 10, action: 2 } },
    });
    expect(risk(caught(4.9, { distanceKm: null }))).toBeNull();
  });

  it('are told of as many farms as matter, by the highest catch and the nearest of them', () => {
    const found = risk(
      caught(3, { farm: 'A', distanceKm: 3 }),
      caught(2.5, { farm: 'A', distanceKm: 3, date: daysAgo(1) }),
      caught(40, { farm: 'B', distanceKm: 9 }),
      caught(0.1, { farm: 'C', distanceKm: 1 }),
      caught(9, { farm: 'D', distanceKm: null }),
    );
    expect(found?.reason).toEqual({
      key: 'pest_neighbours',
      figures: { farms: 3, caught: 40, action: 2, nearestKm: 3 },
    });
  });

  it('of another pest, dated in days to come, or without a date, say nothing', () => {
    expect(risk(caught(100, { pest: 'nilaparvata_lugens' }))).toBeNull();
    expect(risk(caught(100, { date: daysAgo(-2) }))).toBeNull();
    expect(risk(caught(100, { date: 'hôm qua' }))).toBeNull();
    expect(risk()).toBeNull();
    // The evening of who lives further west.
    expect(risk(caught(2, { date: daysAgo(-1) }))?.lookWithinDays).toBe(1);
  });

  it('are held against the own catch where no threshold is known', () => {
    const here = { ...fly, actionPerTrapAndDay: null, caught: 1 };
    expect(neighbourRisk(here, [caught(1.9)], TODAY)).toBeNull();
    expect(neighbourRisk(here, [caught(2)], TODAY)).toEqual({
      lookWithinDays: 2,
      reason: { key: 'pest_neighbours_more', figures: { farms: 1, caught: 2, here: 1 } },
    });
    expect(neighbourRisk({ ...here, caught: null }, [caught(0)], TODAY)).toBeNull();
    expect(neighbourRisk({ ...fly, actionPerTrapAndDay: 0 }, [caught(5)], TODAY)).toBeNull();
  });

  it('make people look sooner, and change no advice', () => {
    const reason = { key: 'pest_below_threshold', figures: { caught: 0.2, action: 2 } };
    const calm = { advice: 'wait', lookAgainDay: TODAY + 7, reason, notes: [] } as const;
    const found = risk(caught(50));
    expect(withNeighbours(calm, found, TODAY)).toEqual({
      ...calm,
      lookAgainDay: TODAY + 1,
      notes: [{ key: 'pest_neighbours', figures: { farms: 1, caught: 50, action: 2, nearestKm: 1 } }],
    });
    expect(withNeighbours(calm, null, TODAY)).toBe(calm);
    const unseen = { ...calm, advice: 'look', lookAgainDay: TODAY } as const;
    expect(withNeighbours(unseen, found, TODAY)).toMatchObject({ advice: 'look', lookAgainDay: TODAY });
  });
});

describe('whatever neighbours catch', () => {
  const someCatch = fc.record({
    pest: fc.constantFrom(fly.pest, 'nilaparvata_lugens'),
    farm: fc.constantFrom('A', 'B', 'C', 'D'),
    distanceKm: fc.option(fc.integer({ min: 0, max: 100 })),
    bearing: fc.constant(null),
    perTrapPerDay: fc.double({ min: 0, max: 100, noNaN: true }),
    date: fc.integer({ min: -3, max: 20 }).map(daysAgo),
  });
  const catches = fc.array(someCatch, { maxLength: 12 });
  /** Later is calmer. */
  const days = (list: readonly NeighbourCatch[]) =>
    neighbourRisk(fly, list, TODAY)?.lookWithinDays ?? Number.POSITIVE_INFINITY;

  it('it asks for a look within a day or two, or for nothing', () => {
    fc.assert(
      fc.property(catches, (list) => {
        expect([1, 2, Number.POSITIVE_INFINITY]).toContain(days(list));
      }),
    );
  });

  it('one catch more never makes it look later, whoever is listed first', () => {
    fc.assert(
      fc.property(catches, someCatch, (list, more) => {
        expect(days([...list, more])).toBeLessThanOrEqual(days(list));
        expect(neighbourRisk(fly, [more, ...list], TODAY)).toEqual(
          neighbourRisk(fly, [...list, more], TODAY),
        );
      }),
    );
  });

  it('more insects, nearer or later, never make it look later', () => {
    const change = fc.record({
      more: fc.double({ min: 0, max: 50, noNaN: true }),
      nearer: fc.integer({ min: 0, max: 20 }),
      later: fc.integer({ min: 0, max: 5 }),
    });
    const placed = someCatch.filter(({ distanceKm, date }) => distanceKm !== null && date <= daysAgo(0));
    fc.assert(
      fc.property(catches, placed, change, (list, one, { more, nearer, later }) => {
        const age = TODAY - Math.floor(Date.parse(one.date) / 86_400_000);
        const worse = {
          ...one,
          perTrapPerDay: one.perTrapPerDay + more,
          distanceKm: Math.max(0, (one.distanceKm ?? 0) - nearer),
          date: daysAgo(Math.max(0, age - later)),
        };
        expect(days([...list, worse])).toBeLessThanOrEqual(days([...list, one]));
      }),
    );
  });
});
