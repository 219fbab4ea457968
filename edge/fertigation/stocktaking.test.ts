import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Booked,
  type LevelReading,
  rateFactor,
  ratioAt,
  type Stocktake,
  stocktakes,
} from './stocktaking.ts';

const level = (
  atMs: number,
  before: number | null,
  after = before ?? 0,
  underWayMillilitres = 0,
): LevelReading => ({
  ...{ tank: 'a', atMs, beforeMillilitres: before, afterMillilitres: after, errorMillilitres: 500 },
  underWayMillilitres,
});
const booked = (atMs: number, millilitres: number, rateFactor = 1): Booked => ({
  ...{ tank: 'a', atMs, millilitres, rateFactor },
});
const sum = (books: readonly Booked[]) => books.reduce((all, { millilitres }) => all + millilitres, 0);
const reconciled = (books: readonly Booked[], takes: readonly Stocktake[]) =>
  books.map((one) => ({ ...one, millilitres: one.millilitres * ratioAt(takes, one.tank, one.atMs) }));

describe('taking stock of a tank', () => {
  it('makes the books agree with what has left it, and the pump known for what it is', () => {
    const books = [booked(1, 60_000), booked(2, 40_000), booked(11, 7_000)];
    const takes = stocktakes([level(0, 0, 200_000), level(10, 107_000, 200_000)], books);
    expect(takes).toEqual([expect.objectContaining({ drawnMillilitres: 93_000, ratio: 0.93, doubt: null })]);
    expect(reconciled(books, takes).map(({ millilitres }) => Math.round(millilitres))).toEqual([
      55_800, 37_200, 7_000,
    ]);
    expect(rateFactor(takes, 'a', 0)).toBeCloseTo(0.93, 9);
    // A pump that was measured anew afterwards is what was measured.
    expect(rateFactor(takes, 'a', 5)).toBe(1);
  });

  it('waits until enough has left it for a mark on a barrel to tell', () => {
    const readings = [
      level(0, 0, 200_000),
      level(5, 195_000),
      level(10, 188_000, 200_000),
      level(20, 150_000),
    ];
    const takes = stocktakes(readings, [booked(1, 5_000), booked(6, 7_000), booked(15, 48_000)]);
    expect(takes.map(({ fromMs, toMs, drawnMillilitres }) => [fromMs, toMs, drawnMillilitres])).toEqual([
      [0, 10, 12_000],
      [10, 20, 50_000],
    ]);
  });

  it('believes no leak, no wrong reading and nobody else’s can', () => {
    for (const [left, doubt] of [
      [50_000, 'too_much_drawn'],
      [150_000, 'too_little_drawn'],
    ] as const) {
      const books = [booked(1, 100_000)];
      const takes = stocktakes([level(0, 0, 200_000), level(10, left, 200_000)], books);
      expect(takes[0]?.doubt).toBe(doubt);
      expect(reconciled(books, takes)).toEqual(books);
      expect(rateFactor(takes, 'a', 0)).toBe(1);
    }
  });

  it('tells a leak, and a pump that gives nothing, of a tank in which nothing else happened', () => {
    const [leak] = stocktakes([level(0, 0, 200_000), level(10, 150_000)], []);
    expect(leak).toMatchObject({ drawnMillilitres: 50_000, ratio: null, doubt: 'too_much_drawn' });
    const [dead] = stocktakes([level(0, 0, 200_000), level(10, 200_000)], [booked(5, 40_000)]);
    expect(dead).toMatchObject({ drawnMillilitres: 0, ratio: 0, doubt: 'too_little_drawn' });
    expect(
      rateFactor(
        [leak, dead].flatMap((one) => one ?? []),
        'a',
        0,
      ),
    ).toBe(1);
  });

  it('begins anew with a filling before which nobody has looked', () => {
    const takes = stocktakes(
      [level(0, 0, 200_000), level(10, null, 200_000), level(20, 160_000)],
      [booked(5, 90_000), booked(15, 40_000)],
    );
    expect(takes).toMatchObject([{ fromMs: 10, toMs: 20, drawnMillilitres: 40_000, ratio: 1 }]);
  });

  it('counts what is in a cup as no dose, and of a dose under way what was booked by then', () => {
    const cups = [{ tank: 'a', atMs: 4, millilitres: 2_000 }];
    const takes = stocktakes(
      [level(0, 0, 200_000), level(10, 162_000, 200_000, 16_000), level(20, 176_000)],
      [booked(5, 20_000), booked(12, 40_000)],
      cups,
    );
    // 38 L are gone, 2 of them into a cup; 20 L of one dose and 16 of the next; then the 24 that were left of it.
    expect(takes.map(({ ratio }) => ratio)).toEqual([1, 1]);
  });

  it('knows the pump by its calibration, whatever rate a dose was booked with, and not beyond what is believed', () => {
    const books = [booked(1, 100_000), booked(11, 90_000, 0.9), booked(21, 75_000, 0.75)];
    const levels = [level(0, 0, 200_000), level(10, 110_000, 200_000), level(20, 128_000, 200_000)];
    expect(rateFactor(stocktakes(levels.slice(0, 2), books), 'a', 0)).toBeCloseTo(0.9, 9);
    // 72 L of 90 that were booked at 0.9: 0.72 of the calibration, and doses follow to 0.75.
    const takes = stocktakes(levels, books);
    expect(takes[1]).toMatchObject({ ratio: 0.8, doubt: null });
    expect(takes[1]?.rateFactor).toBeCloseTo(0.72, 9);
    expect(rateFactor(takes, 'a', 0)).toBe(0.75);
  });

  it('comes out at what has left the tank, whatever was booked', () => {
    const doses = fc.array(fc.integer({ min: 1_000, max: 20_000 }), { minLength: 3, maxLength: 30 });
    fc.assert(
      fc.property(doses, fc.double({ min: 0.8, max: 1.25, noNaN: true }), (list, truth) => {
        const books = list.map((millilitres, index) => booked(index + 1, millilitres));
        const drawn = sum(books) * truth;
        const takes = stocktakes([level(0, 0, 1e6), level(1_000, 1e6 - drawn)], books);
        const [take] = takes;
        if (take === undefined || take.doubt !== null) return;
        expect(sum(reconciled(books, takes))).toBeCloseTo(drawn, 3);
      }),
    );
  });
});
