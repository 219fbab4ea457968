/**
 * What fertilizers hold. Labels give phosphorus, potassium, calcium and magnesium as oxides; everything here is kept as elements and
 * shown as both. Factors are ratios of atomic masses (IUPAC 2021: P 30.974, K 39.098, Ca 40.078, Mg 24.305, O 15.999).
 */
const elements = ['N', 'P', 'K', 'Ca', 'Mg', 'S', 'Fe', 'Mn', 'Zn', 'Cu', 'B', 'Mo'] as const;
type Element = (typeof elements)[number];

/** An amount of each element; what is left out is none. Of what unit, the name that holds it says. */
export type Amounts = Readonly<Partial<Record<Element, number>>>;

/** Elements and, for four of them, the oxide that a label may give in their place; percent of mass. */
export type Label = Readonly<Partial<Record<Element | 'P2O5' | 'K2O' | 'CaO' | 'MgO', number>>>;

const oxides = {
  P2O5: { element: 'P', fraction: (2 * 30.974) / (2 * 30.974 + 5 * 15.999) },
  K2O: { element: 'K', fraction: (2 * 39.098) / (2 * 39.098 + 15.999) },
  CaO: { element: 'Ca', fraction: 40.078 / (40.078 + 15.999) },
  MgO: { element: 'Mg', fraction: 24.305 / (24.305 + 15.999) },
} as const satisfies Record<string, { element: Element; fraction: number }>;
export type Oxide = keyof typeof oxides;

/** Fractions of mass of each element (kg/kg). An element and its oxide on one label are added up, as labels with both mean it. */
export function massFractions(label: Label): Amounts {
  const found: Partial<Record<Element, number>> = {};
  for (const [name, percent] of Object.entries(label) as [Element | Oxide, number][]) {
    const { element, fraction } =
      name in oxides ? oxides[name as Oxide] : { element: name as Element, fraction: 1 };
    found[element] = (found[element] ?? 0) + (percent / 100) * fraction;
  }
  return found;
}

/** As a label would give it: 1 kg of P is 2.29 kg of P2O5. */
export function asOxide(oxide: Oxide, elementAmount: number): number {
  return elementAmount / oxides[oxide].fraction;
}

/** How much of it there is of a nutrient as labels name it: P2O5, not P. */
export function asLabelled(amounts: Amounts, nutrient: string): number {
  if (!(nutrient in oxides)) return amounts[nutrient as Element] ?? 0;
  const oxide = nutrient as Oxide;
  return asOxide(oxide, amounts[oxides[oxide].element as Element] ?? 0);
}

export function sumOf(amounts: readonly Amounts[]): Amounts {
  const sum: Partial<Record<Element, number>> = {};
  for (const one of amounts)
    for (const [element, amount] of Object.entries(one) as [Element, number][])
      sum[element] = (sum[element] ?? 0) + amount;
  return sum;
}

export function times(amounts: Amounts, factor: number): Amounts {
  return Object.fromEntries(Object.entries(amounts).map(([element, amount]) => [element, amount * factor]));
}
