import { expect, it } from 'vitest';
import { forgeryStory } from './forgery.suite.ts';

const TRIES = 10_000_000;
const AT_ONCE = 100_000;
const slice = process.env.NONGTIN_LONG_SECONDS;
const howMany = slice === undefined ? 'ten million' : `as many as ${slice} s allow`;

it(`accepts none of ${howMany} random and altered serials`, () => {
  // In a slice others run beside it; half of its time is left to them.
  const endsAtMs = slice === undefined ? Number.POSITIVE_INFINITY : performance.now() + Number(slice) * 500;
  let tried = 0;
  let wellFormed = 0;
  for (let seed = 1; tried < TRIES && performance.now() < endsAtMs; seed += 1) {
    const story = forgeryStory({ tries: AT_ONCE, seed });
    expect(story.accepted).toEqual([]);
    tried += story.tried;
    wellFormed += story.wellFormed;
  }
  expect(tried).toBeGreaterThanOrEqual(slice === undefined ? TRIES : AT_ONCE);
  expect(wellFormed / tried).toBeGreaterThan(0.9);
});
