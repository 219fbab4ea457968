import type { Reason } from '../ui/api.ts';

/** A product of the farm's list, as the phone keeps it for the field. */
export interface ListedProduct {
  readonly tradeName: string;
  readonly registration?: string;
  readonly ingredients: readonly { readonly name: string; readonly content: number; readonly unit: string }[];
  readonly dose: { readonly min: number; readonly max: number; readonly unit: string };
  readonly phiDays: number;
  readonly reiHours: number;
  readonly crops: readonly string[];
  readonly pests: readonly string[];
}

/** The farm's list, and what its markets do not take. */
export interface ProductList {
  readonly list: { readonly version: number; readonly products: readonly ListedProduct[] } | null;
  readonly notTaken: readonly { readonly row: number; readonly reason: Reason }[];
  /** Ingredients that they do not take, for products on no list; absent: of an earlier version. */
  readonly restricted?: readonly Restricted[];
}

interface Restricted {
  readonly ingredient: string;
  /** All that it is called, in lower case and without marks. */
  readonly names: readonly string[];
  readonly market: string;
  readonly status: string;
}

/** Units of doses as the diary calls them, by how labels write them. */
const UNITS: Readonly<Record<string, string>> = {
  ...{ 'l/ha': 'l_per_ha', 'ml/ha': 'ml_per_ha', 'kg/ha': 'kg_per_ha', 'g/ha': 'g_per_ha' },
  ...{ 'ml/l': 'ml_per_l', 'g/l': 'g_per_l', 'ml/16l': 'ml_per_16l', 'g/16l': 'g_per_16l', '%': 'percent' },
};

const plain = (name: string) =>
  name.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().trim();

/** Rows of the list by that name; those for the crop come first. */
export function rowsNamed({ list }: ProductList, name: string, crop: string | undefined): number[] {
  const rows = [...(list?.products ?? []).entries()].filter(
    ([, row]) => plain(row.tradeName) === plain(name),
  );
  const fits = ([, { crops }]: (typeof rows)[number]) =>
    crops.some((one) => plain(one) === plain(crop ?? ''));
  return [...rows.filter(fits), ...rows.filter((row) => !fits(row))].map(([row]) => row);
}

/** Names to choose from, those for the crop first. */
export function namesFor({ list }: ProductList, crop: string | undefined): string[] {
  const fits = ({ crops }: ListedProduct) => crops.some((one) => plain(one) === plain(crop ?? ''));
  const all = list?.products ?? [];
  return [...new Set([...all.filter(fits), ...all.filter((row) => !fits(row))].map((row) => row.tradeName))];
}

/** What the list says of a product, as fields of a spraying: an auditor finds it in the entry itself. */
export function fieldsOf({ ingredients, registration, phiDays, reiHours, dose, pests }: ListedProduct) {
  const unit = UNITS[dose.unit.toLowerCase().replace(/\s/g, '').replace('lít', 'l')];
  const [only, ...more] = pests;
  return {
    activeIngredient: ingredients
      .map(({ name, content, unit: per }) => `${name} ${content} ${per}`)
      .join(' + '),
    preHarvestDays: String(phiDays),
    reentryHours: String(reiHours),
    ...(registration === undefined ? {} : { registrationNumber: registration }),
    ...(unit === undefined ? {} : { doseUnit: unit }),
    ...(only !== undefined && more.length === 0 ? { target: only } : {}),
  };
}

/** What is odd about a spraying, as far as the phone knows it without a signal; the gateway says the rest. */
export function oddOf(
  products: ProductList,
  row: number,
  said: { readonly amount: number; readonly unit: string },
): Reason[] {
  const product = products.list?.products[row];
  if (product === undefined) return [];
  const { tradeName, dose } = product;
  const isSame = fieldsOf(product).doseUnit === said.unit && said.amount > 0;
  const key = said.amount > dose.max ? 'spray_dose_above' : said.amount < dose.min ? 'spray_dose_below' : '';
  const figures = { product: tradeName, dose: said.amount, unit: dose.unit, min: dose.min, max: dose.max };
  return [
    ...products.notTaken.filter((one) => one.row === row).map(({ reason }) => reason),
    ...(isSame && key !== '' ? [{ key, figures }] : []),
  ];
}

/** What markets do not take of a product on no list, as far as its name or its ingredients say it; the gateway says the rest. */
export function notTakenOf({ restricted = [] }: ProductList, product: string, ingredients: string): Reason[] {
  const words = ` ${`${plain(product)} ${plain(ingredients)}`.replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
  return restricted
    .filter(({ names }) => names.some((name) => words.includes(` ${name} `)))
    .map(({ ingredient, market, status }) => ({
      key: status === 'banned' ? 'spray_market_banned' : 'spray_market_no_mrl',
      figures: { product, ingredient, market },
    }));
}
