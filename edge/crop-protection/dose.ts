import type { Dose } from '@nongtin/broker/wire';

/** What an amount is told for: a hectare, a litre of spray liquid, or all that was used. */
type Basis = 'hectare' | 'litre' | 'all';

interface DoseUnit {
  /** 'either': a percentage is of a litre of spray liquid, mL of what is liquid and g of what is not. */
  readonly quantity: 'volume' | 'mass' | 'either';
  readonly basis: Basis;
  /** mL or g of one of it; per litre where it is told for several ('mL/16L', the tank of a knapsack). */
  readonly base: number;
}

/** What was sprayed where; litres of spray liquid, undefined when nobody has said. */
interface Sprayed {
  readonly areaHectares: number;
  readonly waterLitres: number | undefined;
}

const AMOUNTS = {
  ml: { quantity: 'volume', base: 1 },
  cc: { quantity: 'volume', base: 1 },
  l: { quantity: 'volume', base: 1_000 },
  g: { quantity: 'mass', base: 1 },
  kg: { quantity: 'mass', base: 1_000 },
} as const;

/** 1 % is 10 mL or g in a litre. */
const PERCENT: DoseUnit = { quantity: 'either', basis: 'litre', base: 10 };

/** 'L/ha', 'mL/16L', 'g/bình 16 lít', 'g/100 lít nước', 'mL', '%'. Null for what is no such unit. */
export function doseUnit(text: string): DoseUnit | null {
  const plain = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/\s+/g, '')
    .replace(/(?:nước|water|bình|tank)$/, '')
    .replace(/\/(?:bình|tank)/, '/')
    .replaceAll(/lít|lit(re|er)?s?/g, 'l');
  if (plain === '%') return PERCENT;
  const match = /^(ml|cc|l|g|kg)(?:\/(?:(ha)|(\d{1,5})?l))?$/.exec(plain);
  if (!match) return null;
  const [, amount = '', hectare, litres] = match;
  const { quantity, base } = AMOUNTS[amount as keyof typeof AMOUNTS];
  if (!plain.includes('/')) return { quantity, basis: 'all', base };
  if (hectare) return { quantity, basis: 'hectare', base };
  const per = Number(litres ?? 1);
  return per > 0 ? { quantity, basis: 'litre', base: base / per } : null;
}

type InUnit =
  | { readonly amount: number }
  | { readonly problem: 'unit_unknown' | 'unit_does_not_fit' | 'water_missing' };

/**
 * A dose in the unit of a label. mL and g are never taken for each other; a dose for an area becomes one for a volume by
 * the water that was used: amount/ha × ha / L.
 */
export function doseIn(
  labelUnit: string,
  { amount, unit }: Dose,
  { areaHectares, waterLitres }: Sprayed,
): InUnit {
  const from = doseUnit(unit);
  const to = doseUnit(labelUnit);
  if (from === null || to === null) return { problem: 'unit_unknown' };
  const isMet = from.quantity === to.quantity || [from.quantity, to.quantity].includes('either');
  if (!isMet) return { problem: 'unit_does_not_fit' };
  if (from.basis === to.basis) return { amount: (amount * from.base) / to.base };
  const sizes = { hectare: areaHectares, litre: waterLitres, all: 1 };
  const size = sizes[from.basis];
  const labelSize = sizes[to.basis];
  if (size === undefined || labelSize === undefined) return { problem: 'water_missing' };
  return { amount: (amount * from.base * size) / labelSize / to.base };
}
