import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture, openTestRecords } from '../anchoring/fixture.suite.ts';
import type { Schema } from '../records/index.ts';
import { createStamps } from '../stamps/index.ts';
import { openFileKeyStore, type RotatingKeyStore, rewrapAll } from './index.ts';
import { leftToRewrap } from './rewrap.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
const folder = mkdtempSync(join(tmpdir(), 'nongtin-rewrap-'));
const path = join(folder, 'stamps.key');
const clock = { nowMs: () => 1_790_000_000_000 };
const { lotNumber, gtin14 } = fixture;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Fails at the n-th wrapping, as a process that is killed does. */
function failingAt(store: RotatingKeyStore, n: number): RotatingKeyStore {
  let calls = 0;
  return {
    ...store,
    wrap: (...order) => (++calls === n ? Promise.reject(new Error('killed')) : store.wrap(...order)),
  };
}

it('wraps every secret anew, begun again after each place where it was killed, and every stamp is still found', async () => {
  const store = openFileKeyStore(path);
  const stamps = createStamps({ db, keyStore: store, clock });
  const serials: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    const issued = await stamps.issueBatch({ lotNumber, count: 3, issuedBy: 'x' });
    if (issued.ok) serials.push(issued.firstSerial);
  }
  await store.rotate();
  for (let left = 5; left > 0; left -= 2) {
    const fresh = openFileKeyStore(path);
    expect(await leftToRewrap(db, fresh)).toBe(left);
    if (left > 2) await expect(rewrapAll(db, failingAt(fresh, 3))).rejects.toThrow('killed');
    // In the middle, both keys are readable.
    const found = createStamps({ db, keyStore: openFileKeyStore(path), clock });
    for (const serial of serials) expect(await found.findStamp(gtin14, serial)).toMatchObject({ ok: true });
  }
  const fresh = openFileKeyStore(path);
  expect(await rewrapAll(db, fresh)).toBe(1);
  expect(await rewrapAll(db, fresh)).toBe(0);
  const after = createStamps({ db, keyStore: openFileKeyStore(path), clock });
  for (const serial of serials) expect(await after.findStamp(gtin14, serial)).toMatchObject({ ok: true });
  // The older key is gone: a copy of it opens nothing.
  const rows = await db.selectFrom('stamp_batches').select('wrapped_secret').execute();
  for (const { wrapped_secret } of rows)
    expect(wrapped_secret.startsWith(await fresh.newestPrefix())).toBe(true);
});

it('does not retire a key under which a batch was written meanwhile', async () => {
  const store = openFileKeyStore(path);
  const stale = openFileKeyStore(path);
  const issuedMeanwhile = async () => {
    const issued = await createStamps({ db, keyStore: stale, clock }).issueBatch({
      ...{ lotNumber, count: 1, issuedBy: 'x' },
    });
    return issued.ok ? issued.firstSerial : '';
  };
  await store.rotate();
  let serial: string | undefined;
  const interrupted: RotatingKeyStore = {
    ...store,
    wrap: async (...order) => {
      serial ??= await issuedMeanwhile();
      return store.wrap(...order);
    },
  };
  await rewrapAll(db, interrupted);
  const after = createStamps({ db, keyStore: openFileKeyStore(path), clock });
  expect(await after.findStamp(gtin14, serial ?? '')).toMatchObject({ ok: true });
});

it('wraps the others anew when one row cannot be read, names it, and keeps the older keys', async () => {
  const store = openFileKeyStore(path);
  await store.rotate();
  const total = await leftToRewrap(db, store);
  const first = await db
    .selectFrom('stamp_batches')
    .select(['batch_number', 'wrapped_secret'])
    .orderBy('batch_number')
    .executeTakeFirstOrThrow();
  const write = (wrapped_secret: string) =>
    db
      .updateTable('stamp_batches')
      .set({ wrapped_secret })
      .where('batch_number', '=', first.batch_number)
      .execute();
  await write(first.wrapped_secret.slice(0, -4));
  await expect(rewrapAll(db, store)).rejects.toThrow(
    `The secrets of batch ${first.batch_number} cannot be unwrapped`,
  );
  expect([total, await leftToRewrap(db, store)]).toEqual([6, 1]);
  // The row as it was, from the backup.
  await write(first.wrapped_secret);
  expect(await rewrapAll(db, openFileKeyStore(path))).toBe(1);
});
