import { expect, it } from 'vitest';
import { forgeryStory } from './forgery.suite.ts';

it('accepts none of 20,000 random and altered serials (ten million: npm run test:long)', () => {
  const { wellFormed, accepted } = forgeryStory({ tries: 20_000, seed: 11 });
  expect(accepted).toEqual([]);
  expect(wellFormed).toBeGreaterThan(18_000);
});
