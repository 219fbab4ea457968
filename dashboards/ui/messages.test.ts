import { expect, it } from 'vitest';
import en from './messages/en.json' with { type: 'json' };
import vi from './messages/vi.json' with { type: 'json' };

/** Every sentence as 'path.to.key' → the names of its figures. */
function figures(catalogue: object, path = ''): [string, string[]][] {
  return Object.entries(catalogue).flatMap(([key, value]): [string, string[]][] =>
    typeof value === 'string'
      ? [[`${path}${key}`, [...value.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '').sort()]]
      : figures(value as object, `${path}${key}.`),
  );
}

it('says the same things, with the same figures, in every language', () => {
  expect(figures(en)).toEqual(figures(vi));
});
