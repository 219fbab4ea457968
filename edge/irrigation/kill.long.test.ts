import { expect, it } from 'vitest';
import { killSeed } from '../kill.suite.ts';
import { killRound } from './kill.suite.ts';

const ROUNDS = 5;
/** What a round takes at most on a slow machine: none begins when less is left. */
const ROUND_SECONDS = 120;
const seed = killSeed();
const slice = process.env.NONGTIN_LONG_SECONDS;
const howOften = slice === undefined ? `${ROUNDS} rounds long` : `for ${slice} s`;

// A slice that is shorter than a round would be the one round of kill.test.ts again.
const isTooShort = Number(slice ?? Number.POSITIVE_INFINITY) < ROUND_SECONDS;

it.skipIf(isTooShort)(
  `closes everything within five seconds of a start, wherever it was killed, ${howOften} (seed ${seed})`,
  async () => {
    const untilMs = Date.now() + (Number(slice ?? Number.POSITIVE_INFINITY) - ROUND_SECONDS) * 1_000;
    let rounds = 0;
    do {
      // Each round has a seed of its own, which its failure tells.
      const own = seed + rounds;
      await killRound(own).catch((error: unknown) => {
        throw new Error(`round with seed ${own}`, { cause: error });
      });
      rounds += 1;
    } while (slice === undefined ? rounds < ROUNDS : Date.now() < untilMs);
    expect(rounds).toBeGreaterThan(0);
  },
);
