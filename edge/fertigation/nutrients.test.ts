import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asOxide, massFractions, type Oxide, sumOf } from './nutrients.ts';
import {
  gramsPerLitreOfStock,
  kilogramsPerHectare,
  milligramsPerLitre,
  stockGramsPerLitre,
} from './stock.ts';

describe('a label', () => {
  it.each([
    ['P2O5', 'P', 0.4364],
    ['K2O', 'K', 0.83015],
    ['CaO', 'Ca', 0.7147],
    ['MgO', 'Mg', 0.603],
  ] as const)('of 100 %% %s holds the known part of %s', (oxide, element, part) => {
    expect(massFractions({ [oxide]: 100 })[element]).toBeCloseTo(part, 4);
    expect(asOxide(oxide, part)).toBeCloseTo(1, 3);
  });

  it('of NPK 20-10-10 holds 20 % of N, 4.4 % of P and 8.3 % of K', () => {
    const { N, P, K } = massFractions({ N: 20, P2O5: 10, K2O: 10 });
    expect([N, P, K].map((part) => Math.round((part ?? 0) * 1000) / 1000)).toEqual([0.2, 0.044, 0.083]);
  });

  it('goes there and back without loss', () => {
    const oxide = fc.constantFrom<Oxide>('P2O5', 'K2O', 'CaO', 'MgO');
    fc.assert(
      fc.property(oxide, fc.double({ min: 0, max: 100, noNaN: true }), (name, percent) => {
        const [held = 0] = Object.values(massFractions({ [name]: percent }));
        expect(asOxide(name, held) * 100).toBeCloseTo(percent, 9);
      }),
    );
  });
});

describe('a stock', () => {
  it('for 150 mg/L of N from calcium nitrate of 15.5 % N, dosed 1:100, takes 96.8 g/L', () => {
    expect(gramsPerLitreOfStock(150, 0.155, 10_000)).toBeCloseTo(96.77, 2);
  });

  it('gives in the pipe what it was weighed for', () => {
    const target = fc.double({ min: 1, max: 400, noNaN: true });
    const dose = fc.double({ min: 100, max: 20_000, noNaN: true });
    fc.assert(
      fc.property(target, dose, fc.double({ min: 1, max: 46, noNaN: true }), (wanted, millilitres, N) => {
        const gramsPerLitre = gramsPerLitreOfStock(wanted, N / 100, millilitres);
        const stock = stockGramsPerLitre([{ label: { N }, gramsPerLitre }]);
        expect(milligramsPerLitre(stock, millilitres).N).toBeCloseTo(wanted, 6);
      }),
    );
  });

  it('of two fertilizers holds both', () => {
    const stock = stockGramsPerLitre([
      { label: { N: 13.7, K2O: 46.3 }, gramsPerLitre: 100 },
      { label: { N: 12, P2O5: 61 }, gramsPerLitre: 50 },
    ]);
    expect(stock.N).toBeCloseTo(13.7 + 6, 9);
    expect(stock.K).toBeCloseTo(38.436, 3);
    expect(stock.P).toBeCloseTo(13.31, 1);
  });

  it('of 20 g/L N, 60 L on 0.4 ha, is 3 kg/ha', () => {
    expect(kilogramsPerHectare({ N: 20 }, 60, 0.4).N).toBeCloseTo(3, 12);
  });

  it('refuses what holds nothing, no dose and no area', () => {
    expect(() => gramsPerLitreOfStock(150, 0, 10_000)).toThrow('holds more than 0');
    expect(() => gramsPerLitreOfStock(150, 0.155, 0)).toThrow('a dose is more than 0 mL/m³');
    expect(() => kilogramsPerHectare({ N: 1 }, 1, 0)).toThrow('an area is more than 0 ha');
  });
});

it('adds up element by element', () => {
  expect(sumOf([{ N: 1, P: 2 }, { N: 3 }, {}])).toEqual({ N: 4, P: 2 });
});
