import type { PlantProtectionProduct, Reason } from '@nongtin/broker/wire';
import starter from './ingredients.json' with { type: 'json' };
import { namesMeet, plainName, sameName } from './names.ts';

/** An ingredient that a market does not take, with all names that it goes by, as they are compared (names.ts). */
export interface Restricted {
  readonly ingredient: string;
  readonly names: readonly string[];
  readonly market: string;
  readonly status: string;
}

/** What we know of these markets ourselves, whatever the farm's list says. */
export function restrictedIn(markets: readonly string[]): Restricted[] {
  return starter.restrictions
    .filter(({ market }) => markets.includes(market))
    .map(({ ingredient, aliases, market, status }) => ({
      ...{ ingredient, market, status },
      names: [ingredient, ...aliases].map(plainName),
    }));
}

/** By the row of the list, and by what we know of the ingredient ourselves. */
export function marketWarnings(
  { tradeName: product, ingredients, restrictions }: PlantProtectionProduct,
  markets: readonly string[],
): Reason[] {
  const known = restrictedIn(markets).flatMap(({ names, market, status }) => {
    const contained = ingredients.find(({ name }) => namesMeet([name], names));
    return contained === undefined ? [] : [{ market, ingredient: contained.name, status }];
  });
  const all = [
    ...restrictions,
    ...known.filter(
      (one) =>
        !restrictions.some((told) => told.market === one.market && sameName(told.ingredient, one.ingredient)),
    ),
  ];
  return all.filter(({ market }) => markets.includes(market)).map((one) => warningOf(product, one));
}

/**
 * Of a product that stands on no list, by the words in which a person tells it: its trade name ('Ví dụ Mancozeb 80WP'), and its
 * ingredients where they are told. What is not written there cannot be known.
 */
export function marketWarningsOfWords(
  product: string,
  ingredients: string | undefined,
  markets: readonly string[],
): Reason[] {
  const words = `${product} ${ingredients ?? ''}`;
  return restrictedIn(markets)
    .filter(({ names }) => names.some((name) => isNamed(name, words)))
    .map((one) => warningOf(product, one));
}

const allNames = starter.restrictions.flatMap(({ ingredient, aliases }) =>
  [ingredient, ...aliases].map(plainName),
);

/** Whether a name stands in the words, and not only as the beginning of a longer one: chlorpyrifos is not chlorpyrifos-methyl. */
function isNamed(name: string, words: string): boolean {
  const longer = allNames.filter((one) => one.startsWith(`${name} `));
  const rest = longer
    .filter((one) => !sameIngredient(one, name))
    .reduce((text, one) => text.replaceAll(` ${one} `, ' '), ` ${plainName(words)} `);
  return rest.includes(` ${name} `);
}

function sameIngredient(one: string, other: string): boolean {
  return starter.restrictions.some(({ ingredient, aliases }) => {
    const names = [ingredient, ...aliases].map(plainName);
    return names.includes(one) && names.includes(other);
  });
}

function warningOf(
  product: string,
  { ingredient, market, status }: Pick<Restricted, 'ingredient' | 'market' | 'status'>,
): Reason {
  const key = status === 'banned' ? 'spray_market_banned' : 'spray_market_no_mrl';
  return { key, figures: { product, ingredient, market } };
}
