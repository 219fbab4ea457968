import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYMBOLS } from '@nongtin/broker/wire';
import { fromHex, rootFromProof, stampLeaf, toHex } from '@nongtin/contracts/encoding';
import fastify, { type FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, openTestRecords } from '../anchoring/fixture.suite.ts';
import { standingOf, statesOf } from '../anchoring/index.ts';
import { keyStoreOf, openFileKeyStore } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { stampRoutes } from './index.ts';
import { createStamps, type FoundStamp, type Stamps } from './stamps.ts';
import { createTreeBuilder } from './tree-builder.ts';

const { gtin14, lotNumber } = fixture;
let db: Kysely<Schema>;
let stop: () => Promise<void>;
let stamps: Stamps;
const keyFolder = mkdtempSync(join(tmpdir(), 'nongtin-stamp-keys-'));
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
  const keyStore = openFileKeyStore(join(keyFolder, 'stamp-master.key'));
  stamps = createStamps({
    db,
    keyStore,
    clock: { nowMs: () => 1_790_000_000_000 },
    maxStampsPerBatch: 5_000,
  });
});
afterAll(async () => {
  await stop();
  rmSync(keyFolder, { recursive: true, force: true });
});

async function issue(count: number) {
  const result = await stamps.issueBatch({ lotNumber, count, issuedBy: 'manager@example.vn' });
  if (!result.ok) throw new Error(result.problem);
  return result;
}

async function find(serial: string): Promise<FoundStamp> {
  const result = await stamps.findStamp(gtin14, serial);
  if (!result.ok) throw new Error(result.problem);
  return result.stamp;
}

/** The root that a stamp's own proof leads to, computed as a verifier does. */
function rootOfProof(stamp: FoundStamp): string {
  const { salt, path } = stamp.prove();
  const { batchNumber, cooperativeId } = stamp.batch;
  const leaf = stampLeaf(
    { batchNumber: BigInt(batchNumber), index: stamp.index, serial: stamp.serial },
    fromHex(cooperativeId, 32),
    fromHex(salt, 32),
  );
  return toHex(
    rootFromProof(
      leaf,
      path.map((sibling) => fromHex(sibling, 32)),
    ),
  );
}

describe('a stamp batch', () => {
  it('is one row and one leaf in the queue, whatever its size', async () => {
    const { batch } = await issue(2_500);
    const row = await db
      .selectFrom('stamp_batches')
      .selectAll()
      .where('batch_number', '=', batch.batchNumber)
      .executeTakeFirstOrThrow();
    expect(row.upper_nodes.length).toBeLessThanOrEqual(256 * 1024);
    expect(JSON.parse(row.record)).toMatchObject({ kind: 'stamp_batch', lotNumber, stampCount: 2_500 });
    const standing = await standingOf(db, 'stamp_batch', String(batch.batchNumber));
    expect(standing).toMatchObject({ state: 'waiting', anchor: null });
  });

  it('proves its stamps: first, last, and one in between', async () => {
    for (const count of [1, 2, 37, 2_500, 4_999]) {
      const { batch } = await issue(count);
      const picks = [...new Set([0, Math.floor(count / 3), count - 1])];
      for (const index of picks) {
        const listed = await stamps.listSerials(batch.batchNumber, index, 1);
        const stamp = await find(listed?.stamps[0]?.serial ?? '');
        expect(stamp.index).toBe(index);
        expect(rootOfProof(stamp)).toBe(stamp.batch.stampRoot);
      }
    }
  });

  it('gives every stamp a serial of its own, also across batches', async () => {
    const [a, b] = [await issue(300), await issue(300)];
    const lists = await Promise.all([a, b].map(({ batch }) => stamps.listSerials(batch.batchNumber, 0, 300)));
    const serials = lists.flatMap((list) => list?.stamps.map((stamp) => stamp.serial) ?? []);
    expect(new Set(serials).size).toBe(600);
    expect(serials[0]).toBe(a.firstSerial);
  });

  it('says in its record what a package weighs, and of which planting area its lot is', async () => {
    const recordOf = async (order: { count: number; netWeightGrams?: number }) => {
      const issued = await stamps.issueBatch({ lotNumber, issuedBy: 'x', ...order });
      return issued.ok && (await find(issued.firstSerial)).batch;
    };
    const weighed = await recordOf({ count: 2, netWeightGrams: 5_000 });
    expect(weighed).toMatchObject({ netWeightGrams: 5_000, plantingAreaCode: 'VN-BTOR-0001', stampCount: 2 });
    expect(await recordOf({ count: 2 })).not.toHaveProperty('netWeightGrams');
  });

  it('ordered again under the same id is the batch made before, also when both orders come at once', async () => {
    const order = { lotNumber, count: 40, netWeightGrams: 500, orderId: crypto.randomUUID() };
    const both = await Promise.all(
      ['an', 'binh'].map((issuedBy) => stamps.issueBatch({ ...order, issuedBy })),
    );
    expect(both[1]).toEqual(both[0]);
    expect(await stamps.issueBatch({ ...order, issuedBy: 'chi' })).toEqual(both[0]);
    const made = await db.selectFrom('stamp_batches').select('order_id').execute();
    expect(made.filter(({ order_id }) => order_id === order.orderId)).toHaveLength(1);
    const other = await stamps.issueBatch({ ...order, count: 41, issuedBy: 'an' });
    expect(other).toEqual({ ok: false, problem: 'other_order' });
    const next = await stamps.issueBatch({ ...order, orderId: crypto.randomUUID(), issuedBy: 'an' });
    expect(next).not.toEqual(both[0]);
  });

  it('is refused for a lot that is not there and for too many stamps', async () => {
    const order = { lotNumber, issuedBy: 'x' };
    expect(await stamps.issueBatch({ ...order, lotNumber: 'none', count: 1 })).toEqual({
      ok: false,
      problem: 'unknown_lot',
    });
    for (const count of [0, -1, 1.5, 5_001, Number.NaN]) {
      expect(await stamps.issueBatch({ ...order, count })).toEqual({ ok: false, problem: 'count' });
    }
  });

  it('whose tree is not built, because a worker died or the service stops, is not there at all', async () => {
    const count = () => db.selectFrom('stamp_batches').select(db.fn.countAll().as('n')).executeTakeFirst();
    const before = await count();
    const buildTree = createTreeBuilder({ signal: AbortSignal.abort() });
    const stopped = createStamps({
      db,
      keyStore: keyStoreOf(new Uint8Array(32)),
      clock: { nowMs: () => 0 },
      buildTree,
    });
    const order = { lotNumber, count: 30_000, issuedBy: 'x' };
    await expect(stopped.issueBatch(order)).rejects.toThrow('no batch was issued: order it again');
    expect(await count()).toEqual(before);
  });

  it('lists as far as it goes', async () => {
    const { batch } = await issue(5);
    const indices = async (from: number, count: number) =>
      (await stamps.listSerials(batch.batchNumber, from, count))?.stamps.map((stamp) => stamp.index);
    expect(await indices(3, 100)).toEqual([3, 4]);
    expect(await indices(5, 10)).toEqual([]);
    expect(await stamps.listSerials(999_999, 0, 1)).toBeUndefined();
  });
});

describe('a serial', () => {
  it('of another product, batch or index is refused like any stranger', async () => {
    const { firstSerial, batch } = await issue(3);
    const refused = { ok: false, problem: 'unknown' };
    expect((await stamps.findStamp(gtin14, firstSerial)).ok).toBe(true);
    expect((await stamps.findStamp(gtin14, firstSerial.toLowerCase())).ok).toBe(true);
    expect(await stamps.findStamp('08936000000028', firstSerial)).toEqual(refused);
    // The right MAC, beyond the stamps that were issued.
    const { openBatch } = await import('./batch-store.ts');
    const keyStore = openFileKeyStore(join(keyFolder, 'stamp-master.key'));
    const opened = await openBatch(db, keyStore, batch.batchNumber);
    expect(await stamps.findStamp(gtin14, opened?.stamps.serialAt(2) ?? '')).toMatchObject({ ok: true });
    expect(await stamps.findStamp(gtin14, opened?.stamps.serialAt(3) ?? '')).toEqual(refused);
  });

  it('is not found by 3,000 serials with a right check character and a made-up MAC', async () => {
    const { appendCheckCharacter } = await import('@nongtin/broker/wire');
    const { firstSerial } = await issue(100);
    let state = 7;
    const symbol = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return SYMBOLS.charAt(state >>> 27);
    };
    for (let i = 0; i < 3_000; i += 1) {
      const kept = i % 3 === 0 ? 0 : 11;
      const made = firstSerial.slice(0, kept) + Array.from({ length: 19 - kept }, symbol).join('');
      const serial = appendCheckCharacter(made);
      if (serial === firstSerial) continue;
      expect(await stamps.findStamp(gtin14, serial)).toEqual({ ok: false, problem: 'unknown' });
    }
  });
});

describe('the routes of stamps', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = fastify();
    await app.register(stampRoutes, {
      stamps,
      publicUrl: 'https://tem.example.vn/',
      issuerOf: () => 'manager@example.vn',
      statesOf: (numbers) => statesOf(db, 'stamp_batch', numbers),
    });
  });
  afterAll(() => app.close());

  it('issue a batch and list the links that are printed', async () => {
    const issued = await app.inject({
      method: 'POST',
      url: '/api/stamp-batches',
      payload: { lotNumber, count: 12 },
    });
    expect(issued.statusCode).toBe(201);
    const { batchNumber, firstStampUrl, issuedBy } = issued.json();
    expect(firstStampUrl).toMatch(/^https:\/\/tem\.example\.vn\/01\/08936000000011\/21\/[0-9A-Z]{20}$/);
    expect(issuedBy).toBe('manager@example.vn');
    const listed = await app.inject(`/api/stamp-batches/${batchNumber}/stamps?from=0&count=2`);
    expect(listed.json()).toHaveLength(2);
    const [first] = listed.json();
    expect(first.url).toBe(firstStampUrl);
    // All that a QR code's alphanumeric mode can hold (ISO/IEC 18004).
    expect(first.printedUrl).toMatch(/^HTTPS:\/\/TEM\.EXAMPLE\.VN\/01\/[0-9A-Z $%*+\-./:]+$/);
    const batches = await app.inject('/api/stamp-batches');
    expect(batches.json()[0]).toMatchObject({ batchNumber, stampCount: 12, anchorState: 'waiting' });
  });

  it('refuse in words what cannot be issued', async () => {
    const post = (payload: object) => app.inject({ method: 'POST', url: '/api/stamp-batches', payload });
    expect((await post({ lotNumber: 'none', count: 1 })).statusCode).toBe(404);
    expect((await post({ lotNumber, count: 6_000 })).json()).toMatchObject({ error: { kind: 'your_input' } });
    expect((await post({ lotNumber, count: 0 })).statusCode).toBe(400);
    expect((await app.inject('/api/stamp-batches/999999/stamps')).statusCode).toBe(404);
    expect((await app.inject('/api/stamp-batches/1/stamps?count=100000')).statusCode).toBe(400);
  });
});
