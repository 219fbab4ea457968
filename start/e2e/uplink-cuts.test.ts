import { expect, it } from 'vitest';
import { cutSeed, cutStory } from './cut-story.ts';

const CUTS = 50;
const KILLS = 6;
const seed = cutSeed();

it(`the cloud holds what the gateway's journal holds, each entry once, after ${CUTS} cuts and ${KILLS} kills (seed ${seed})`, async () => {
  const { gateway, cloud, cuts, kills, progress } = await cutStory({ cuts: CUTS, kills: KILLS, seed });
  expect({ cuts, kills }).toEqual({ cuts: CUTS, kills: { gateway: 3, cloud: 3 } });
  // Enough was under way for the cuts to have mattered.
  expect(gateway.entries.length).toBeGreaterThan(5 * CUTS);
  expect(gateway.entries.map(({ number }) => number)).toEqual(gateway.entries.map((_, index) => index + 1));
  const plain = ({ number, previousHash, hash, payload, signature }: (typeof cloud.entries)[number]) => ({
    ...{ number, previousHash, hash, payload, signature },
  });
  expect(cloud.entries.map(plain)).toEqual(gateway.entries.map(plain));
  expect(cloud.days).toEqual(gateway.days);
  // No gap, no fork, no refusal of any other kind: cuts alone never look like one.
  expect(progress).toMatchObject({ refusals: {}, forks: [], unprojected: 0, thinned: 0 });
}, 300_000);
