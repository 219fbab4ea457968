import { expect, it } from 'vitest';
import { killSeed, killStory, wrongNumbers } from './kill.suite.ts';

const KILLS = 20;
/** For the end of the story: everything acknowledged, delivered and counted. */
const CLOSING_SECONDS = 30;
const seed = killSeed();
const slice = process.env.NONGTIN_LONG_SECONDS;
const howOften = slice === undefined ? `${KILLS} times` : `as often as ${slice} s allow`;

it(`loses nothing it has acknowledged, and stores nothing twice, when killed ${howOften} (seed ${seed})`, async () => {
  const seconds = slice === undefined ? {} : { seconds: Number(slice) - CLOSING_SECONDS };
  const story = await killStory({ kills: KILLS, seed, ...seconds });
  expect(wrongNumbers(story)).toEqual({ lost: [], repeated: [] });
  // Enough was under way for the kills to have mattered.
  expect(story.acknowledged.size).toBeGreaterThan(story.kills * 100);
  expect(story.kills).toBeGreaterThanOrEqual(slice === undefined ? KILLS : 2);
});
