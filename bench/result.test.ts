import fc from 'fast-check';
import { expect, test } from 'vitest';
import { figureOf, resultOf, tableOf } from './result.ts';

test('a median lies between the smallest and the largest value, whatever their order', () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 });
  fc.assert(
    fc.property(values, (measured) => {
      const figure = figureOf(measured, 's');
      expect(figure.median).toBeGreaterThanOrEqual(figure.min);
      expect(figure.median).toBeLessThanOrEqual(figure.max);
      expect(figureOf(measured.toReversed(), 's')).toEqual(figure);
    }),
  );
  expect(figureOf([4, 1, 3, 2], 's')).toEqual({ median: 2.5, min: 1, max: 4, unit: 's' });
  expect(figureOf([-0, 0], 's')).toEqual(figureOf([0, -0], 's'));
});

test('targets are decided by the median; one whose figure is missing is left out', () => {
  const result = resultOf('start', {
    runs: 3,
    figures: { warmStartSeconds: figureOf([5, 20, 6], 's') },
    targets: [
      { figure: 'warmStartSeconds', comparator: '<', target: 15 },
      { figure: 'warmStartSeconds', comparator: '<=', target: 5 },
      { figure: 'coldStartSeconds', comparator: '<', target: 240 },
    ],
  });
  expect(result.targets.map(({ met }) => met)).toEqual([true, false]);
  expect(Object.keys(result)).toEqual(['bench', 'machine', 'versions', 'runs', 'figures', 'targets']);
  expect(tableOf(result)).toMatch(/warmStartSeconds {2}6\.00 {4}5\.00 {2}20\.0 {2}s {5}< 15 met/);
});
