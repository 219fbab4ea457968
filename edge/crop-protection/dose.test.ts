import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doseIn, doseUnit } from './dose.ts';

describe('units of doses', () => {
  it.each([
    ['mL/ha', { quantity: 'volume', basis: 'hectare', base: 1 }],
    ['KG/HA', { quantity: 'mass', basis: 'hectare', base: 1_000 }],
    ['ml / 16 lít nước', { quantity: 'volume', basis: 'litre', base: 1 / 16 }],
    ['mL/bình 25 lít', { quantity: 'volume', basis: 'litre', base: 1 / 25 }],
    ['g/16 L tank', { quantity: 'mass', basis: 'litre', base: 1 / 16 }],
    ['%', { quantity: 'either', basis: 'litre', base: 10 }],
    ['g/100 litres water', { quantity: 'mass', basis: 'litre', base: 0.01 }],
    ['cc', { quantity: 'volume', basis: 'all', base: 1 }],
  ])('%s is understood', (text, unit) => {
    expect(doseUnit(text)).toEqual(unit);
  });

  it.each(['', 'chai', 'mL/', 'mL/0L', 'mL/m2', 'ha', 'L/ha/L', 'mg/L'])('%j is not', (text) => {
    expect(doseUnit(text)).toBeNull();
  });
});

const amount = fc.double({ min: 0.001, max: 1_000, noNaN: true });
const unit = fc.constantFrom('mL/ha', 'L/ha', 'mL/L', 'mL/16L', 'L/1000L', 'mL', 'L');

it('a dose that is told in another unit and back is the same', () => {
  fc.assert(
    fc.property(amount, unit, unit, amount, amount, (told, from, to, areaHectares, waterLitres) => {
      const sprayed = { areaHectares, waterLitres };
      const there = doseIn(to, { amount: told, unit: from }, sprayed);
      if (!('amount' in there)) throw new Error(there.problem);
      const back = doseIn(from, { amount: there.amount, unit: to }, sprayed);
      expect('amount' in back && back.amount / told).toBeCloseTo(1, 9);
    }),
  );
});

it('a percentage is of the spray liquid, of what is poured and of what is weighed', () => {
  const wet = { areaHectares: 1, waterLitres: 500 };
  expect(doseIn('mL/L', { amount: 0.1, unit: '%' }, wet)).toEqual({ amount: 1 });
  expect(doseIn('%', { amount: 2, unit: 'g/L' }, wet)).toEqual({ amount: 0.2 });
  expect(doseIn('L/ha', { amount: 0.1, unit: '%' }, wet)).toEqual({ amount: 0.5 });
});

it('grams are never taken for millilitres, and water that nobody told is not made up', () => {
  const dry = { areaHectares: 1, waterLitres: undefined };
  expect(doseIn('L/ha', { amount: 1, unit: 'kg/ha' }, dry)).toEqual({ problem: 'unit_does_not_fit' });
  expect(doseIn('L/ha', { amount: 1, unit: 'mL/L' }, dry)).toEqual({ problem: 'water_missing' });
  expect(doseIn('mL/L', { amount: 2, unit: 'mL/L' }, dry)).toEqual({ amount: 2 });
});
