import { expect, it } from 'vitest';
import { killSeed, killStory, wrongNumbers } from './kill.suite.ts';

const KILLS = 20;
const seed = killSeed();

it(`loses nothing it has acknowledged, and stores nothing twice, when killed ${KILLS} times (seed ${seed})`, async () => {
  const story = await killStory({ kills: KILLS, seed });
  expect(wrongNumbers(story)).toEqual({ lost: [], repeated: [] });
  // Enough was under way for the kills to have mattered.
  expect(story.acknowledged.size).toBeGreaterThan(KILLS * 100);
}, 600_000);
