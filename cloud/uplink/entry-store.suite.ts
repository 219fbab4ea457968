import { entryHash } from '@nongtin/broker/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestGateway } from '../testing/gateway.ts';
import { type EntryStore, HeadMoved, type StoredEntry } from './entry-store.ts';

/** What is there to be tested: a new, empty store on each call of `make`, and the same once more, as after a restart. */
export interface StoreUnderTest {
  make(): Promise<{ readonly store: EntryStore; again(): EntryStore; remove(): Promise<void> }>;
}

/** Entries of a gateway that are not stored yet, as the receiver hands them over. */
export function entriesOf(gateway: TestGateway, payloads: readonly string[]): StoredEntry[] {
  return payloads.map((payload) => {
    const entry = gateway.append(payload);
    return { ...entry, hash: entryHash(entry, payload) };
  });
}

export const receivedAtMs = Date.UTC(2026, 10, 22, 13, 37);

/** The behaviour of every entry store. */
export function entryStoreSuite(name: string, { make }: StoreUnderTest): void {
  describe(`entries in ${name}`, () => {
    let made: Awaited<ReturnType<StoreUnderTest['make']>>;
    let store: EntryStore;
    let gateway: TestGateway;
    let names = 0;

    beforeEach(async () => {
      made = await make();
      store = made.store;
      await store.open();
      gateway = new TestGateway(`gw-${++names}`);
    });
    afterEach(async () => {
      await store.close();
      await made.remove();
    });

    const append = async (entries: readonly StoredEntry[], to = store) =>
      to.append(gateway.id, entries, { after: await to.head(gateway.id), receivedAtMs });

    it('gives back what it was given, in order and to the letter', async () => {
      const entries = entriesOf(gateway, ['a', '{"kind":"độ ẩm đất"}', '', 'x'.repeat(100_000), 'e']);
      await append(entries.slice(0, 2));
      await append(entries.slice(2));
      expect((await store.read(gateway.id, 0, 100)).map(plain)).toEqual(entries.map(plain));
      expect((await store.read(gateway.id, 1, 3)).map(({ number }) => number)).toEqual([2, 3, 4]);
      expect(await store.read(gateway.id, 5, 10)).toEqual([]);
      expect(await store.read('gw-nobody', 0, 10)).toEqual([]);
    });

    it('knows the newest entry of each gateway, also when it is opened anew', async () => {
      const other = new TestGateway('gw-other');
      const [one, two] = [entriesOf(gateway, ['a', 'b', 'c']), entriesOf(other, ['d'])];
      await append(one);
      await store.append(other.id, two, { after: undefined, receivedAtMs });
      const heads = [
        { gateway: gateway.id, number: 3, hash: one[2]?.hash },
        { gateway: other.id, number: 1, hash: two[0]?.hash },
      ];
      expect(await store.heads()).toEqual(heads);
      await store.close();
      store = made.again();
      await store.open();
      expect(await store.heads()).toEqual(heads);
      expect(await store.head(gateway.id)).toEqual({ number: 3, hash: one[2]?.hash });
      expect(await store.head('gw-nobody')).toBeUndefined();
      expect((await store.read(gateway.id, 0, 9)).map(plain)).toEqual(one.map(plain));
    });

    it('tells the hashes of those that it holds', async () => {
      const entries = entriesOf(gateway, ['a', 'b', 'c']);
      await append(entries.slice(0, 2));
      await append(entries.slice(2));
      expect(await store.hashes(gateway.id, [1, 3, 4])).toEqual(
        new Map([1, 3].map((number) => [number, entries[number - 1]?.hash])),
      );
    });

    it('keeps nothing that was checked against another head than it has', async () => {
      const [one, two, three] = entriesOf(gateway, ['a', 'b', 'c']) as [
        StoredEntry,
        StoredEntry,
        StoredEntry,
      ];
      await append([one]);
      const stale = { after: undefined, receivedAtMs };
      await expect(store.append(gateway.id, [one, two], stale)).rejects.toThrow(HeadMoved);
      const ahead = { after: { number: 2, hash: two.hash }, receivedAtMs };
      await expect(store.append(gateway.id, [three], ahead)).rejects.toThrow(HeadMoved);
      expect(await store.head(gateway.id)).toEqual({ number: 1, hash: one.hash });
      expect((await store.read(gateway.id, 0, 9)).length).toBe(1);
    });

    it('takes one of several that continue the same head at once', async () => {
      const entries = entriesOf(gateway, ['a', 'b']);
      const results = await Promise.allSettled([append(entries), append(entries), append(entries)]);
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect((await store.read(gateway.id, 0, 9)).map(({ number }) => number)).toEqual([1, 2]);
    });

    it('takes what many gateways send at once', async () => {
      const gateways = Array.from({ length: 40 }, (_, n) => new TestGateway(`many-${n}`));
      const sent = await Promise.all(
        gateways.map(async (one) => {
          const entries = entriesOf(one, ['a', 'b', one.id]);
          await store.append(one.id, entries, { after: undefined, receivedAtMs });
          return entries;
        }),
      );
      for (const [index, one] of gateways.entries())
        expect((await store.read(one.id, 0, 9)).map(plain)).toEqual(sent[index]?.map(plain));
    });

    it('counts thinned entries, each of a run, and reads on over them', async () => {
      const entries = entriesOf(gateway, ['a', 'b', 'c', 'd', 'e', 'f']);
      const thin = (at: number, firstNumber: number) => {
        const entry = entries[at - 1] as StoredEntry;
        const { previousHash } = entries[firstNumber - 1] as StoredEntry;
        return { ...entry, previousHash, payload: '', thinned: { hash: entry.hash, firstNumber } };
      };
      await append([entries[0] as StoredEntry, thin(4, 2), thin(5, 5)]);
      await append([entries[5] as StoredEntry]);
      expect(await store.thinned(gateway.id)).toBe(4);
      expect(await store.thinned('gw-nobody')).toBe(0);
      expect((await store.read(gateway.id, 0, 9)).map(({ number }) => number)).toEqual([1, 4, 5, 6]);
      expect((await store.read(gateway.id, 2, 9)).map(({ number }) => number)).toEqual([4, 5, 6]);
      expect([...(await store.hashes(gateway.id, [1, 2, 4])).keys()]).toEqual([1, 4]);
    });

    it('keeps a contradicting entry once', async () => {
      const [one] = entriesOf(gateway, ['a']) as [StoredEntry];
      await append([one]);
      const other = { ...one, hash: 'ab'.repeat(32) };
      for (const seenAtMs of [5, 6]) await store.keepFork(gateway.id, other, one.hash, seenAtMs);
      expect(await store.forks(gateway.id)).toEqual([
        { number: 1, heldHash: one.hash, offeredHash: other.hash, seenAtMs: 5 },
      ]);
      expect(await store.forks('gw-nobody')).toEqual([]);
    });

    it('is not ready while it is closed', async () => {
      await store.check();
      await store.close();
      await expect(store.check()).rejects.toThrow();
    });
  });
}

/** What must come back: a store may have more to say of an entry. */
function plain(entry: StoredEntry) {
  const { number, hash, previousHash, bootId, monotonicMs, count, firstAtMs, lastAtMs, payload, signature } =
    entry;
  return { number, hash, previousHash, bootId, monotonicMs, count, firstAtMs, lastAtMs, payload, signature };
}
