import type { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Schema } from '../records/index.ts';
import { dyingLife } from './crash.suite.ts';
import { faultStory, type Happened } from './faults.suite.ts';
import { openTestRecords } from './fixture.suite.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(() => stop());

/** For both together; half an hour unless told otherwise. The seed: NONGTIN_SEED, or else another one each time. */
const seconds = Number(process.env.NONGTIN_LONG_SECONDS ?? 1_800);
const firstSeed = Number(process.env.NONGTIN_SEED ?? Date.now() % 1_000_000);

it('brings every leaf to its end once, wherever the process dies', async () => {
  const endsAt = performance.now() + seconds * 300;
  const calls = await dyingLife(db, Number.POSITIVE_INFINITY, false);
  let lives = 0;
  for (let at = 1; at <= calls && performance.now() < endsAt; at += 1) {
    await dyingLife(db, at, false);
    await dyingLife(db, at, true);
    lives += 2;
  }
  process.stderr.write(`${lives} of ${2 * calls} places to die\n`);
  expect(lives).toBeGreaterThan(0);
});

it(`brings every leaf to its end once, whatever happens to a real chain (seeds from ${firstSeed})`, async () => {
  const endsAt = performance.now() + seconds * 500;
  const all: Record<string, number> = {};
  const add = (happened: Happened) => {
    for (const [name, count] of Object.entries(happened)) all[name] = (all[name] ?? 0) + count;
  };
  let stories = 0;
  for (; stories === 0 || performance.now() < endsAt; stories += 1) {
    const seed = firstSeed + stories;
    const told = await faultStory(db, { seed, steps: 150 }).catch((error: unknown) => {
      throw new Error(`the story of seed ${seed} went wrong`, { cause: error });
    });
    add(told);
  }
  process.stderr.write(`${stories} stories: ${JSON.stringify(all)}\n`);
  expect(all.ok).toBeGreaterThan(0);
});
