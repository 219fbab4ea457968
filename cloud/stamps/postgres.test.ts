import { randomBytes } from 'node:crypto';
import { seededRandom } from '@nongtin/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, openTestRecords, silent } from '../anchoring/fixture.suite.ts';
import {
  createAnchorer,
  createAnchorStore,
  createAnchorTrees,
  standingOf,
  statesOf,
} from '../anchoring/index.ts';
import { MemoryChain } from '../anchoring/memory-chain.ts';
import { keyStoreOf } from '../keystore/index.ts';
import { postgresPrograms, startCluster, type TemporaryCluster } from '../records/postgres.suite.ts';
import { createActivation, createLife, createStamps, PinDelays, type QueueRevocation } from './index.ts';
import { piecesOf, type StampState, withdrawn } from './life.ts';

const programs = postgresPrograms();

describe.skipIf(programs === undefined && !process.env.CI)(
  'stamps and anchors on a PostgreSQL server',
  () => {
    let cluster: TemporaryCluster;
    let records: Awaited<ReturnType<typeof openTestRecords>>;
    beforeAll(async () => {
      if (programs === undefined) throw new Error('PostgreSQL is not installed');
      cluster = await startCluster(programs);
      records = await openTestRecords(await cluster.createDatabase());
    });
    afterAll(async () => {
      await records.stop();
      await cluster.stop();
    });

    it('go the same way as in the embedded engine: issued, anchored, forgotten, anchored again, proved', async () => {
      const { db } = records;
      const clock = { nowMs: () => 1_790_000_000_000 };
      const chain = new MemoryChain();
      const store = createAnchorStore(db);
      const anchorer = createAnchorer({ store, chain, clock, logger: silent, tickSeconds: 5 });
      const stamps = createStamps({ db, keyStore: keyStoreOf(randomBytes(32)), clock });
      const issued = await stamps.issueBatch({ lotNumber: fixture.lotNumber, count: 50, issuedBy: 'x' });
      if (!issued.ok) throw new Error(issued.problem);
      const id = String(issued.batch.batchNumber);
      for (let i = 0; i < 2; i += 1) await anchorer.tick();
      expect(await statesOf(db, 'stamp_batch', [id])).toEqual(new Map([[id, 'mined']]));
      chain.rollBack(1);
      for (let i = 0; i < 3; i += 1) await anchorer.tick();
      chain.mine(3);
      for (let i = 0; i < 2; i += 1) await anchorer.tick();
      const standing = await standingOf(db, 'stamp_batch', id);
      expect(standing).toMatchObject({ state: 'final', anchor: { treeSize: 1, leafIndex: 0 } });
      expect(await createAnchorTrees(db).pathOf(standing?.anchor?.treeId ?? 0, 0)).toEqual([]);
      const found = await stamps.findStamp(fixture.gtin14, issued.firstSerial);
      expect(found.ok && found.stamp.prove().path).toHaveLength(6);
    });

    it('are one batch of one order, however often it is sent at once', async () => {
      const { db } = records;
      const clock = { nowMs: () => 1_790_000_000_000 };
      const stamps = createStamps({ db, keyStore: keyStoreOf(randomBytes(32)), clock });
      const { lotNumber } = fixture;
      const order = { lotNumber, count: 50, issuedBy: 'x', orderId: crypto.randomUUID() };
      const all = await Promise.all([1, 2, 3, 4].map(() => stamps.issueBatch(order)));
      const numbers = all.map((one) => one.ok && one.batch.batchNumber);
      expect([all[0]?.ok, new Set(numbers).size]).toEqual([true, 1]);
      const rows = db.selectFrom('stamp_batches').select('batch_number');
      expect(await rows.where('order_id', '=', order.orderId).execute()).toHaveLength(1);
    });

    it('explain every stamp of a roll, whatever is told and activated at the same moment', async () => {
      const { db } = records;
      const clock = { nowMs: () => 1_790_000_000_000 };
      const count = 60;
      const stamps = createStamps({ db, keyStore: keyStoreOf(randomBytes(32)), clock });
      const issued = await stamps.issueBatch({ lotNumber: fixture.lotNumber, count, issuedBy: 'x' });
      if (!issued.ok) throw new Error(issued.problem);
      const { batchNumber } = issued.batch;
      const told: { from: number; to: number }[] = [];
      const queueRevocation: QueueRevocation = async (_db, { range }) => void (range && told.push(range));
      const life = createLife({ db, clock, queueRevocation });
      const listed = await stamps.listPins(batchNumber, 0, count);
      const delays = new PinDelays({ nowMs: clock.nowMs, key: 'k' });
      const { activate } = createActivation({ db, stamps, clock, delays });
      const random = seededRandom(7);
      const below = (limit: number) => Math.floor(random() * limit);
      const states = ['printed', 'applied', 'spoiled', 'printed', 'applied', 'spoiled', 'voided'] as const;
      const someWork = (_: unknown, i: number) => {
        const from = below(count);
        const to = Math.min(count - 1, from + below(5));
        const state = states[below(states.length)] ?? 'printed';
        const { serial, pin } = listed?.stamps[from] ?? { serial: '', pin: '' };
        if (i % 4 === 0)
          return activate({ gtin14: fixture.gtin14, serial, pin, client: `203.0.113.${i % 200}` });
        return life.change({ batchNumber, from, to, state, reason: 'x', by: 'y' });
      };
      for (let round = 0; round < 6; round += 1) {
        await Promise.all(Array.from({ length: 20 }, someWork));
        const roll = await life.roll(batchNumber, {});
        const sum = Object.values(roll?.counts ?? {}).reduce((a, b) => a + b, 0);
        expect(sum).toBe(count);
      }
      // What is, is what was told, in its order: no change got lost.
      const changes = await db
        .selectFrom('stamp_changes')
        .selectAll()
        .where('batch_number', '=', batchNumber)
        .orderBy('change_id')
        .execute();
      const model: StampState[] = Array.from({ length: count }, () => 'issued');
      for (const { first_index, last_index, state } of changes)
        model.fill(state, first_index, last_index + 1);
      const ranges = (await life.roll(batchNumber, {}))?.spans ?? [];
      const kept = piecesOf(ranges, { from: 0, to: count - 1 });
      expect(kept.flatMap(({ from, to, state }) => Array(to - from + 1).fill(state))).toEqual(model);
      // Withdrawn ones, each told once.
      const indices = told.flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      expect(new Set(indices).size).toBe(indices.length);
      const withdrawnNow = model.flatMap((state, index) => (withdrawn.includes(state) ? [index] : []));
      expect(indices.sort((a, b) => a - b)).toEqual(withdrawnNow);
      // Enough of it was allowed to matter.
      expect(changes.length).toBeGreaterThan(10);
    });

    it('judge no more wrong PINs of one client than its rules allow, however many it sends at once', async () => {
      const { db } = records;
      const clock = { nowMs: () => 1_790_000_000_000 };
      const delays = new PinDelays({ nowMs: clock.nowMs, key: 'k' });
      let judged = 0;
      const tries = Array.from({ length: 30 }, () =>
        delays.attempt(db, { client: '198.51.100.7', stamp: 'one' }, async () => {
          judged += 1;
          return { isRight: false };
        }),
      );
      await Promise.all(tries);
      expect(judged).toBe(3);
    });
  },
);
