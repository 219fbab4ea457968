import { expect, it } from 'vitest';
import { cutSeed, cutStory } from './cut-story.ts';

const CUTS = 400;
const KILLS = 40;
/** For the end of the story: everything carried, projected and compared. */
const CLOSING_SECONDS = 60;
const seed = cutSeed();
const slice = process.env.NONGTIN_LONG_SECONDS;
const howOften = slice === undefined ? `${CUTS} times` : `as often as ${slice} s allow`;

it(`the cloud holds what the gateway's journal holds, each entry once, when cut ${howOften} (seed ${seed})`, async () => {
  const seconds = slice === undefined ? {} : { seconds: Number(slice) - CLOSING_SECONDS };
  const { gateway, cloud, cuts, progress } = await cutStory({ cuts: CUTS, kills: KILLS, seed, ...seconds });
  expect(cuts).toBeGreaterThanOrEqual(slice === undefined ? CUTS : 5);
  const hashes = (entries: typeof cloud.entries) => entries.map(({ number, hash }) => `${number} ${hash}`);
  expect(hashes(cloud.entries)).toEqual(hashes(gateway.entries));
  expect(cloud.days).toEqual(gateway.days);
  expect(progress).toMatchObject({ refusals: {}, forks: [], unprojected: 0 });
});
