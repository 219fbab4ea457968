import { expect, it } from 'vitest';
import en from './messages/en.json' with { type: 'json' };
import vi from './messages/vi.json' with { type: 'json' };
import zh from './messages/zh.json' with { type: 'json' };

const figures = (catalogue: Record<string, string>) =>
  Object.entries(catalogue).map(([key, sentence]) => [
    key,
    [...sentence.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort(),
  ]);

it.each([
  ['English', en],
  ['Chinese', zh],
])('says the same things with the same figures in Vietnamese and %s', (_, catalogue) => {
  expect(figures(catalogue)).toEqual(figures(vi));
  for (const sentence of Object.values(catalogue)) expect(sentence).not.toBe('');
});
