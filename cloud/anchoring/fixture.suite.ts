import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '@nongtin/broker/wire';
import { cooperativeIdOf, type LotRecord, recordDigest, toHex } from '@nongtin/contracts/encoding';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { openRecords, type Schema } from '../records/index.ts';
import { recordsFolder } from '../testing/records-folder.ts';

/** A database of its own, with one cooperative, one product and one lot, for tests. */
export const fixture = {
  gtin14: '08936000000011',
  lotNumber: 'L261120-1',
  cooperative: 'htx-thu',
  cooperativeId: toHex(cooperativeIdOf('htx-thu')),
} as const;

export const silent = pino({ level: 'silent' });

/** In the embedded engine, or in the PostgreSQL database named. */
export async function openTestRecords(databaseUrl?: string): Promise<{
  db: Kysely<Schema>;
  dataDir: string;
  stop(): Promise<void>;
}> {
  const dataDir =
    databaseUrl === undefined
      ? await recordsFolder('nongtin-stamps-')
      : mkdtempSync(join(tmpdir(), 'nongtin-stamps-'));
  const records = openRecords({
    dataDir,
    logger: silent,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  await records.start();
  await seed(records.db);
  return {
    db: records.db,
    dataDir,
    stop: async () => {
      await records.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Empties the tables of stamps and anchors. */
export async function emptyAnchors(db: Kysely<Schema>): Promise<void> {
  await sql`truncate anchor_leaves, leaves, anchors, stamp_batches, chain_transactions cascade`.execute(db);
}

async function seed(db: Kysely<Schema>): Promise<void> {
  const { cooperative, cooperativeId, gtin14, lotNumber } = fixture;
  await db
    .insertInto('cooperatives')
    .values({ id: cooperative, chain_id: cooperativeId, name: 'HTX Thử', created_at_ms: 1 })
    .execute();
  await db
    .insertInto('products')
    .values({
      gtin14,
      cooperative_id: cooperative,
      name_vi: 'Thanh long ruột đỏ',
      name_en: 'Red dragon fruit',
    })
    .execute();
  const record: LotRecord = {
    kind: 'lot',
    cooperativeId,
    lotNumber,
    gtin14,
    productName: 'Thanh long ruột đỏ / Red dragon fruit',
    plot: { id: 'a', name: 'Lô A <3> & "B"', plantingAreaCode: 'VN-BTOR-0001' },
    harvestedAtMs: Date.UTC(2026, 10, 20),
    quantityKg: 1250.5,
    season: { readings: 10 },
  };
  await db
    .insertInto('lots')
    .values({
      lot_number: lotNumber,
      cooperative_id: cooperative,
      gtin14,
      gateway_id: 'gw-test',
      harvest_id: 'h1',
      record: canonicalJson(record),
      digest: toHex(recordDigest(record)).slice(2),
      closed_at_ms: 2,
      closed_by: 'manager@example.vn',
    })
    .execute();
}
