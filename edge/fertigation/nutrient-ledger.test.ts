import { expect, it } from 'vitest';
import { nutrientsOf } from './nutrient-ledger.ts';

it('counts a dose that a restart cut off by the middle of what it may have given', () => {
  const tank = { tank: 'a', gramsPerLitre: { N: 100 }, fillId: null, leftMillilitres: null };
  expect(nutrientsOf([{ ...tank, millilitres: 3_000 }]).N).toBeCloseTo(0.3);
  expect(nutrientsOf([{ ...tank, millilitres: 3_000, leastMillilitres: 1_000 }]).N).toBeCloseTo(0.2);
});
