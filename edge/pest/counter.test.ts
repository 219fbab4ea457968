import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterWord, type Counted, type Counter, counterFrom } from './counter.ts';

const HOUR_MS = 3_600_000;
const dayOf = (atMs: number) => Math.floor(atMs / (24 * HOUR_MS));

/** Words as [hours, total]; gives what was told, and what is caught since. */
function said(...words: readonly (readonly [number, number])[]) {
  const [[hours = 0, total = 0] = [], ...rest] = words;
  let counter: Counter = counterFrom({ atMs: hours * HOUR_MS, total });
  const told: Counted[] = [];
  for (const [at, stands] of rest) {
    const after = afterWord(counter, { atMs: at * HOUR_MS, total: stands }, dayOf);
    counter = after.counter;
    told.push(...after.told);
  }
  return {
    told: told.map(({ fromMs, untilMs, count }) => [fromMs / HOUR_MS, untilMs / HOUR_MS, count]),
    open: counter.caught,
  };
}

describe('a trap that counts by itself', () => {
  it('tells a day when the next one’s first word comes', () => {
    expect(said([0, 100], [8, 103], [20, 110], [25, 111], [30, 112])).toEqual({
      ...{ told: [[0, 25, 11]], open: 1 },
    });
  });

  it('counts a word that is sent again, or comes late, not twice', () => {
    expect(said([0, 100], [8, 103], [8, 103], [5, 101], [9, 105]).open).toBe(5);
    // Sent again without its time: lower, and the next word goes on from before.
    expect(said([0, 100], [8, 110], [9, 103], [10, 112]).open).toBe(12);
  });

  it('that was emptied or lost its power counts on, and nothing of before twice', () => {
    expect(said([0, 100], [8, 110], [9, 0], [10, 2]).open).toBe(12);
    expect(said([0, 100], [8, 110], [9, 3], [10, 3], [11, 4]).open).toBe(14);
  });

  it('that was silent for days and has caught something tells it of all of them', () => {
    expect(said([0, 100], [8, 104], [80, 120], [81, 121])).toEqual({
      told: [
        [0, 8, 4],
        [8, 80, 16],
      ],
      open: 1,
    });
  });

  it('that was silent for days and stands where it stood tells nothing of them: nobody knows what it missed', () => {
    expect(said([0, 100], [8, 104], [80, 104], [92, 104], [97, 105])).toEqual({
      told: [
        [0, 8, 4],
        [80, 97, 1],
      ],
      open: 0,
    });
  });

  it('that is silent over night has its evening and its night told apart when that is long', () => {
    expect(said([0, 0], [14, 5], [24, 6]).told).toEqual([
      [0, 14, 5],
      [14, 24, 1],
    ]);
  });
});

it('while a counter only rises and speaks at least daily, every insect is told once and no time twice', () => {
  const step = fc.record({ hours: fc.integer({ min: 1, max: 23 }), caught: fc.integer({ min: 0, max: 40 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      let hours = 0;
      let total = 7;
      const words = steps.map((one) => {
        hours += one.hours;
        total += one.caught;
        return [hours, total] as const;
      });
      const { told, open } = said([0, 7], ...words);
      expect(told.reduce((sum, [, , count = 0]) => sum + count, 0) + open).toBe(total - 7);
      told.forEach(([from = 0, until = 0], index) => {
        expect(until).toBeGreaterThan(from);
        expect(from).toBe(told[index - 1]?.[1] ?? 0);
      });
    }),
  );
});
