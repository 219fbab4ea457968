import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type RainGauge, rainAfter } from './rain.ts';

/** What each of a gauge's words counts, mm; one comes every so many minutes. */
function fallen(minutes: number, ...words: readonly number[]): number[] {
  let gauge: RainGauge | undefined;
  return words.map((countedMm, index) => {
    const after = rainAfter(gauge, countedMm, index * minutes * 60_000);
    gauge = after.gauge;
    return Math.round(after.fallenMm * 1_000) / 1_000;
  });
}

it('counts no rain when a counter steps back a hair, and goes on from where it stood', () => {
  expect(fallen(15, 42.4, 42.399, 42.4, 42.6)).toEqual([0, 0, 0, 0.2]);
  expect(fallen(30, 120.2, 120, 120.2, 120, 121)).toEqual([0, 0, 0, 0, 0.8]);
  expect(fallen(15, 5.2, 5, 5.4)).toEqual([0, 0, 0.2]);
});

it('counts what fell since a gauge began anew', () => {
  expect(fallen(15, 812.4, 3.2, 4, 4)).toEqual([0, 3.2, 0.8, 0]);
  expect(fallen(15, 8, 0, 3.2)).toEqual([0, 0, 3.2]);
  expect(fallen(60, 200, 30, 31)).toEqual([0, 30, 1]);
  // A counter of the day, dry until a storm brings as much as yesterday.
  expect(fallen(60, 30, 0, 0, 0, 0, 0, 0, 31)).toEqual([0, 0, 0, 0, 0, 0, 0, 31]);
  // Past where it stood before, by rain.
  expect(fallen(15, 4, 0, 2, 4, 6)).toEqual([0, 0, 2, 2, 2]);
});

it('counts no rain when a counter comes back to where it stood', () => {
  expect(fallen(60, 200, 0, 200)).toEqual([0, 0, 0]);
  expect(fallen(60, 200, 0, 0, 200.4, 201)).toEqual([0, 0, 0, 0.4, 0.6]);
  expect(fallen(15, 40, 900, 40, 40.2)).toEqual([0, 0, 0, 0.2]);
  expect(fallen(15, 40, 900, 900, 40)).toEqual([0, 0, 0, 0]);
});

it('follows a counter that jumped only when its next word goes on from there', () => {
  expect(fallen(15, 40, 900, 900.4, 901)).toEqual([0, 0, 0.4, 0.6]);
  expect(fallen(15, 200, 120, 120.2, 121)).toEqual([0, 0, 0.2, 0.8]);
  // However long it takes: time makes no rain of it.
  expect(fallen(60, 40, 900, 900, 900, 900, 900)).toEqual([0, 0, 0, 0, 0, 0]);
});

it('counts all that falls, however it comes and however a spike lies between', () => {
  const tips = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 3, maxLength: 40 });
  fc.assert(
    fc.property(tips, fc.nat(), fc.integer({ min: 0, max: 900 }), (steps, at, startMm) => {
      let standing = startMm;
      const words = [standing, ...steps.map((tip) => (standing += tip / 5))];
      const spiked = words.toSpliced(1 + (at % steps.length), 0, standing + 5_000);
      const sum = fallen(15, ...spiked).reduce((total, mm) => total + mm, 0);
      expect(sum).toBeCloseTo(standing - startMm, 1);
    }),
  );
});
