import { randomBytes } from 'node:crypto';
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
import { postgresPrograms, startCluster, type TemporaryCluster } from '../records/postgres.suite.ts';
import { createStamps } from './index.ts';
import { keyStoreOf } from './keys.ts';

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
      expect(await createAnchorTrees(db).pathOf(standing?.anchor?.anchorId ?? 0, 0)).toEqual([]);
      const found = await stamps.findStamp(fixture.gtin14, issued.firstSerial);
      expect(found.ok && found.stamp.prove().path).toHaveLength(6);
    });
  },
);
