import { expect, it } from 'vitest';
import en from './messages/en.json' with { type: 'json' };
import vi from './messages/vi.json' with { type: 'json' };

/** Every sentence as 'path.to.key' → the names of its figures. */
function figures(catalogue: object, path = ''): [string, string[]][] {
  return Object.entries(catalogue).flatMap(([key, value]): [string, string[]][] =>
    typeof value === 'string'
      ? [
          [
            `${path}${key.replace(/_one$/, '_other')}`,
            [...value.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '').sort(),
          ],
        ]
      : figures(value as object, `${path}${key}.`),
  );
}

it('says the same things, with the same figures, in every language', () => {
  // A language without a singular form has only the plural; 'one reading' names no figure.
  const compare = (catalogue: object) => new Map(figures(catalogue));
  expect(compare(en)).toEqual(compare(vi));
});
