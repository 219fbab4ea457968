import { readFileSync, writeFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { TestGateway } from '../../testing/gateway.ts';
import { entriesOf, entryStoreSuite, receivedAtMs } from '../entry-store.suite.ts';
import { type EntryStore, HeadMoved, type StoredEntry, StoreFailure } from '../entry-store.ts';
import { objectsIn, openArchives } from './archive.suite.ts';
import { ArchiveStore } from './archive-store.ts';
import { BucketObjects } from './bucket-objects.ts';

const { onFolder, onBucket, withServer } = openArchives();

entryStoreSuite('a folder, indexed in PGlite', { make: () => onFolder(false) });
entryStoreSuite('a bucket, indexed in PGlite', { make: onBucket });
if (withServer) entryStoreSuite('a folder, indexed in PostgreSQL', { make: () => onFolder(true) });
it.skipIf(withServer)('a folder, indexed in PostgreSQL: not installed here', ({ skip }) => skip());

const first = { after: undefined, receivedAtMs };

describe('the archive', () => {
  it('puts what comes at once into one object, which reads without us', async () => {
    const { store, folder, db, remove } = await onFolder(false);
    await store.open();
    const gateways = ['gw-a', 'gw-b', 'gw-c'].map((id) => new TestGateway(id));
    await Promise.all(gateways.map((one) => store.append(one.id, entriesOf(one, ['x', 'y']), first)));
    const [object, ...others] = objectsIn(folder);
    expect(others).toEqual([]);
    expect(object).toMatch(/\/2026\/11\/22\/[0-9a-f]{40}\.jsonl\.zst$/);
    const bytes = readFileSync(object ?? '');
    const rows = await db.selectFrom('entry_batches').selectAll().orderBy('byte_offset').execute();
    const frames = rows.map((row) => bytes.subarray(row.byte_offset, row.byte_offset + row.byte_length));
    expect(Buffer.concat(frames).equals(bytes)).toBe(true);
    const lines = frames.flatMap((frame) => zstdDecompressSync(frame).toString().trimEnd().split('\n'));
    const told = lines.map((line) => JSON.parse(line)).map(({ gateway, number }) => `${gateway} ${number}`);
    expect(told).toEqual(['gw-a 1', 'gw-a 2', 'gw-b 1', 'gw-b 2', 'gw-c 1', 'gw-c 2']);
    await store.close();
    await remove();
  });

  it('refuses what is stale among what goes into one object, and keeps the rest', async () => {
    const { store, remove } = await onFolder(false);
    await store.open();
    const [a, b] = [new TestGateway('gw-a'), new TestGateway('gw-b')];
    const stale = store.append(a.id, entriesOf(a, ['x']), { after: { number: 7, hash: 'ab' }, receivedAtMs });
    const fine = store.append(b.id, entriesOf(b, ['y']), first);
    await expect(stale).rejects.toThrow(HeadMoved);
    await fine;
    expect((await store.heads()).map(({ gateway }) => gateway)).toEqual(['gw-b']);
    expect(await store.head('gw-a')).toBeUndefined();
    await store.close();
    await remove();
  });

  it('keeps nothing and says so while the bucket fails, and goes on afterwards', async () => {
    const { store, bucket, remove } = await onBucket();
    await store.open();
    const gateway = new TestGateway('gw-a');
    const entries = entriesOf(gateway, ['x']);
    bucket.fail(503);
    await expect(store.append(gateway.id, entries, first)).rejects.toThrow(StoreFailure);
    await expect(store.check()).rejects.toThrow(StoreFailure);
    expect(await store.heads()).toEqual([]);
    bucket.fail(undefined);
    await store.append(gateway.id, entries, first);
    await store.check();
    expect((await store.read(gateway.id, 0, 9)).length).toBe(1);
    await store.close();
    await remove();
  });

  it('does not open on a bucket that refuses our key, and says why', async () => {
    const { bucket, db, remove } = await onBucket();
    const wrong = new ArchiveStore(db, new BucketObjects({ ...bucket.bucket, secret: 'another one' }));
    await expect(wrong.open()).rejects.toThrow(/403 SignatureDoesNotMatch.*NONGTIN_ARCHIVE/);
    expect(bucket.objects.size).toBe(0);
    await remove();
  });

  it('has an object on the disk before it counts, and none of it when the database fails', async () => {
    const { store, folder, db, remove } = await onFolder(false);
    await store.open();
    const gateway = new TestGateway('gw-a');
    await db.schema.alterTable('entry_batches').renameTo('elsewhere').execute();
    const entries = entriesOf(gateway, ['x']);
    await expect(store.append(gateway.id, entries, first)).rejects.toThrow(StoreFailure);
    await db.schema
      .alterTable('elsewhere' as never)
      .renameTo('entry_batches')
      .execute();
    expect(await store.head(gateway.id)).toBeUndefined();
    await store.append(gateway.id, entries, first);
    expect(objectsIn(folder).length).toBe(1);
    await store.close();
    await remove();
  });

  it('tells an object that was cut short from entries', async () => {
    const { store, again, folder, remove } = await onFolder(false);
    await store.open();
    const gateway = new TestGateway('gw-a');
    await store.append(gateway.id, entriesOf(gateway, ['x'.repeat(1_000)]), first);
    await store.close();
    const [object = ''] = objectsIn(folder);
    writeFileSync(object, readFileSync(object).subarray(0, 40));
    const later = again();
    await later.open();
    await expect(later.read(gateway.id, 0, 9)).rejects.toThrow(/ends before/);
    await later.close();
    await remove();
  });
});

describe.skipIf(!withServer)('two writers on one archive', () => {
  it('grow every chain without a gap, an entry twice or waiting for each other', async () => {
    const { store: one, again, remove } = await onFolder(true);
    const two = again();
    await Promise.all([one.open(), two.open()]);
    const gateways = Array.from({ length: 25 }, (_, n) => new TestGateway(`gw-${n}`));
    await Promise.all(gateways.flatMap((gateway) => [race(one, two, gateway)]));
    for (const gateway of gateways) {
      const held = await two.read(gateway.id, 0, 100);
      expect(held.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
      expect(held.slice(1).every((entry, n) => entry.previousHash === held[n]?.hash)).toBe(true);
    }
    await Promise.all([one.close(), two.close()]);
    await remove();
  });
});

/** Both writers try to append each piece of the journal; one of them succeeds. */
async function race(one: EntryStore, two: EntryStore, gateway: TestGateway): Promise<void> {
  const journal = entriesOf(
    gateway,
    Array.from({ length: 20 }, (_, n) => `${gateway.id} ${n}`),
  );
  for (let at = 0; at < journal.length; at += 4) {
    const piece = journal.slice(at, at + 4);
    const before: StoredEntry | undefined = journal[at - 1];
    const after = before && { number: before.number, hash: before.hash };
    const tries = [one, two].map((store) => store.append(gateway.id, piece, { after, receivedAtMs }));
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  }
}
