import type { Recipe } from './dosing/types.ts';
import { asLabelled } from './nutrients.ts';
import type { RecipeConfig } from './recipe-schema.ts';
import { contentOf, type Head } from './schema.ts';

/** mL of stock, where a recipe states amounts; and tanks that do not hold what they are reckoned by. */
interface RecipeAmounts {
  /** In each m³. */
  readonly millilitresPerCubicMetre: Readonly<Record<string, number>>;
  /** In a run. */
  readonly millilitres: Readonly<Record<string, number>>;
  readonly lacking: readonly { readonly tank: string; readonly nutrient: string }[];
}

/**
 * What a recipe takes of each tank. 3 kg/ha of N on 0.2 ha from a stock of 60 g/L: 600 g / 60 g/L = 10 L = 10,000 mL. Water with
 * 0.1 g/L of N from it: 100 g/m³ / 60 g/L = 1,667 mL/m³.
 */
export function amountsOf(recipe: RecipeConfig, { tanks }: Head, hectares: number): RecipeAmounts {
  const ph = recipe.ph ? { [recipe.ph.tank]: recipe.ph.maxMillilitresPerCubicMetre } : {};
  const nothing = { millilitresPerCubicMetre: ph, millilitres: {}, lacking: [] };
  if (recipe.mode === 'quantity') return { ...nothing, millilitres: recipe.millilitres };
  if (!('doses' in recipe))
    return { ...nothing, millilitresPerCubicMetre: { ...recipe.millilitresPerCubicMetre, ...ph } };
  const perRun = recipe.mode === 'kg_per_ha';
  const wanted: Record<string, number> = {};
  const lacking: { tank: string; nutrient: string }[] = [];
  for (const dose of recipe.doses) {
    const tank = tanks.find(({ id }) => id === dose.tank);
    const gramsPerLitre = tank ? asLabelled(contentOf(tank), dose.nutrient) : 0;
    const grams =
      'kilogramsPerHectare' in dose ? dose.kilogramsPerHectare * hectares * 1000 : dose.gramsPerLitre * 1000;
    if (gramsPerLitre > 0) wanted[dose.tank] = (wanted[dose.tank] ?? 0) + (grams / gramsPerLitre) * 1000;
    else lacking.push({ tank: dose.tank, nutrient: dose.nutrient });
  }
  return perRun
    ? { ...nothing, millilitres: wanted, lacking }
    : { ...nothing, millilitresPerCubicMetre: { ...wanted, ...ph }, lacking };
}

/** A recipe as the head doses it in one zone. */
export function resolvedRecipe(recipe: RecipeConfig, head: Head, zone: string, hectares: number): Recipe {
  const { millilitresPerCubicMetre, millilitres } = amountsOf(recipe, head, hectares);
  const { ph } = recipe;
  const shared = {
    id: recipe.id,
    millilitresPerCubicMetre,
    ph: ph ? { target: ph.target, deadBand: ph.deadBand ?? 0.1, tank: ph.tank } : null,
  };
  switch (recipe.mode) {
    case 'proportional':
    case 'concentration':
      return { ...shared, mode: 'proportional' };
    case 'ec': {
      const { ecTarget, ecRise, deadBand = 0.05 } = recipe;
      return { ...shared, mode: 'ec', ecTarget, ecRise, deadBand };
    }
    case 'quantity':
    case 'kg_per_ha':
      // Two zones that are open together cannot each get an amount of their own.
      return { ...shared, id: `${recipe.id}@${zone}`, mode: 'quantity', millilitres };
  }
}

/** The recipe's id in farm.json. */
export function recipeName(id: string): string {
  return id.split('@')[0] ?? id;
}
