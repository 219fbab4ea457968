import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Told, tale, tell } from './law.suite.ts';

const STORIES = 40;
const LENGTH = 60;

it('no story of crashes, lost words and clocks makes valves and pump break the law', () => {
  const all = {
    openings: 0,
    renewals: 0,
    pumpStarts: 0,
    flushes: 0,
    losses: 0,
    zonesBlamed: 0,
    sourcesBlamed: 0,
    events: 0,
  };
  fc.assert(
    fc.property(tale(LENGTH), (story) => {
      const told: Told = tell(story);
      for (const key of Object.keys(all) as (keyof Told)[]) all[key] += told[key];
    }),
    { numRuns: STORIES },
  );
  // The law must not hold merely because nothing ever opens.
  expect(all.events).toBeGreaterThan(100_000);
  expect(all.openings).toBeGreaterThan(STORIES);
  expect(all.renewals).toBeGreaterThan(10);
  expect(all.pumpStarts).toBeGreaterThan(STORIES / 4);
  expect(all.flushes).toBeGreaterThan(0);
  expect(all.losses).toBeGreaterThan(0);
}, 300_000);
