import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

it('comes back anywhere within a span that doubles up to a bound, and begins anew after success', () => {
  const backoff = new Backoff({ firstMs: 1_000, mostMs: 5_000, random: () => 0.999_999 });
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([999, 1999, 3999, 4999, 4999]);
  backoff.reset();
  expect(backoff.next()).toBe(999);
  const lucky = new Backoff({ firstMs: 1_000, mostMs: 5_000, random: () => 0 });
  expect(lucky.next()).toBe(0);
});

it('spreads two thousand gateways that have lost one cloud: no tenth of the span gets twice its share', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (draws) => {
      for (const draw of draws)
        expect(new Backoff({ firstMs: 5_000, mostMs: 60_000, random: () => draw }).next()).toBeLessThan(
          5_000,
        );
    }),
  );
  let state = 1;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let gateway = 0; gateway < 2_000; gateway++) {
    const backoff = new Backoff({ firstMs: 5_000, mostMs: 60_000, random });
    const tenth = Math.floor(backoff.next() / 500);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  expect(Math.max(...tenths)).toBeLessThan(400);
});
