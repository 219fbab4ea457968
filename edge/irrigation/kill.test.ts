import { expect, it } from 'vitest';
import { killSeed } from '../kill.suite.ts';
import { killRound } from './kill.suite.ts';

const seed = killSeed();

it(`closes everything within five seconds of a start, wherever in a run or in a start it was killed (seed ${seed})`, async () => {
  const caught = await killRound(seed);
  expect([...caught.keys()]).toEqual(expect.arrayContaining(['renewing', 'soak']));
  expect(caught.size).toBe(6);
  // Something was on, or nothing has been shown.
  expect([...caught.values()].filter((on) => on > 0).length).toBeGreaterThan(1);
}, 900_000);
