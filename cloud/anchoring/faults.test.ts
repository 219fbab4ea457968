import type { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Schema } from '../records/index.ts';
import { faultStory } from './faults.suite.ts';
import { openTestRecords } from './fixture.suite.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(() => stop());

it('brings every leaf to its end once, and shows no more than is true, whatever happens to a real chain', async () => {
  const happened = await faultStory(db, { seed: 7, steps: 70 });
  expect(Object.keys(happened)).toEqual(
    expect.arrayContaining(['leaves', 'reorg', 'dropped', 'spike', 'cut', 'killed', 'moved', 'ok']),
  );
});
