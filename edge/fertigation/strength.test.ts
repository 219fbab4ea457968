import { expect, it } from 'vitest';
import { type SeenDose, strengthAt } from './strength.ts';

const dose = (strength: number | null, ratio = 1): SeenDose => ({ strength, ratio });

it('stock is as strong as EC has shown in the doses around, for the mL that have left its tank', () => {
  // The books said 10 % too much, so what EC shows for them is 10 % too little.
  const doses = Array.from({ length: 30 }, (_, index) => dose(index % 2 === 0 ? 0.8 : 1, 0.9));
  expect(strengthAt(doses, 15)).toBeCloseTo(0.9 / 0.9, 1);
});

it('stock is what it is stated to be where too little was seen, and no stock is out of all reason', () => {
  expect(strengthAt([dose(0.5), dose(null), dose(0.5), dose(0.5)], 1)).toBe(1);
  expect(
    strengthAt(
      Array.from({ length: 8 }, () => dose(3)),
      2,
    ),
  ).toBe(1.6);
});
