import { expect, it } from 'vitest';
import { marketWarningsOfWords, restrictedIn } from './market-bans.ts';

const told = (product: string, ingredients?: string, markets = ['EU', 'VN', 'CN']) =>
  marketWarningsOfWords(product, ingredients, markets).map(
    ({ figures }) => `${figures.market} ${figures.ingredient}`,
  );

it.each<[string, string | undefined, string[]]>([
  ['Ví dụ Mancozeb 80WP', undefined, ['EU mancozeb']],
  ['Ví dụ 500EC', 'Chlorpyrifos Ethyl 500 g/L', ['VN chlorpyrifos ethyl', 'EU chlorpyrifos ethyl']],
  ['Ví dụ 400EC', 'chlorpyrifos-methyl 400 g/l', ['EU chlorpyrifos-methyl']],
  ['Ví dụ 50EC', 'parathion-methyl', ['CN parathion-methyl']],
  ['Ví dụ', '2,4 D 600 g/L + imazalil', ['VN 2,4-D']],
  ['Ví dụ 3GR', 'benfuracarb 3 %', []],
  ['Regent', undefined, []],
])('of a product on no list its words tell: %s, %s', (product, ingredients, warnings) => {
  expect(told(product, ingredients)).toEqual(warnings);
});

it('asks only the markets that the farm sells to', () => {
  expect(told('Mancozeb 80WP', undefined, ['VN'])).toEqual([]);
  expect(restrictedIn(['US'])).toEqual([]);
  expect(restrictedIn(['EU']).map(({ names }) => names)).toContainEqual(['mancozeb']);
});
