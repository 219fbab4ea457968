import type { BatchRecord, LotRecord } from '@nongtin/contracts/encoding';
import { type Kysely, sql } from 'kysely';
import type { NewLeaf } from '../anchoring/index.ts';
import { type KeyStore, whileKeysStay } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { type DerivedStamps, deriveStamps } from './derive.ts';
import { batchKeys } from './keys.ts';

/** The lot that stamps are issued for. */
export interface StampedLot {
  readonly record: LotRecord;
  /** 64 hex digits. */
  readonly digest: string;
  /** Slug of its cooperative. */
  readonly cooperative: string;
}

export interface IssuedBatch {
  readonly record: BatchRecord;
  readonly issuedBy: string;
}

export interface BatchRow extends IssuedBatch {
  /** Its canonical JSON: the bytes whose SHA-256 is `digest`. */
  readonly recordText: string;
  /** 64 hex digits. */
  readonly digest: string;
  readonly cooperative: string;
  /** 32 bytes; wrapped before they are written. */
  readonly secret: Uint8Array;
  readonly upper: Uint8Array;
  /** A UUID; undefined: the same order sent again makes another batch. */
  readonly orderId: string | undefined;
}

/** A batch opened: with what its stamps are made of. Holds secrets; never logged, never sent. */
export interface OpenBatch {
  readonly record: BatchRecord;
  readonly batchNumber: number;
  readonly upper: Uint8Array;
  readonly stamps: DerivedStamps;
  readonly pinKey: Uint8Array;
}

/** Hands a record's leaf to anchoring, signed where it can be, in the transaction that writes the record. */
export type QueueRecord = (transaction: Kysely<Schema>, leaf: NewLeaf) => Promise<void>;

export interface BatchSummary {
  readonly batchNumber: number;
  readonly gtin14: string;
  readonly lotNumber: string;
  readonly stampCount: number;
  readonly issuedAtMs: number;
  readonly issuedBy: string;
}

export async function readLot(db: Kysely<Schema>, lotNumber: string): Promise<StampedLot | undefined> {
  const row = await db
    .selectFrom('lots')
    .select(['record', 'digest', 'cooperative_id'])
    .where('lot_number', '=', lotNumber)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    record: JSON.parse(row.record) as LotRecord,
    digest: row.digest,
    cooperative: row.cooperative_id,
  };
}

/** Never the same number twice, also when the batch is then not written: a gap tells nothing and costs nothing. */
export async function takeBatchNumber(db: Kysely<Schema>): Promise<number> {
  const row = await db
    .selectNoFrom((eb) => eb.fn<number>('nextval', [eb.val('stamp_batch_numbers')]).as('number'))
    .executeTakeFirstOrThrow();
  return Number(row.number);
}

/** The batch that an order has made already. */
export async function batchOfOrder(
  db: Kysely<Schema>,
  cooperative: string,
  orderId: string,
): Promise<IssuedBatch | undefined> {
  const row = await db
    .selectFrom('stamp_batches')
    .select(['record', 'issued_by'])
    .where('cooperative_id', '=', cooperative)
    .where('order_id', '=', orderId)
    .executeTakeFirst();
  return row && { record: JSON.parse(row.record) as BatchRecord, issuedBy: row.issued_by };
}

/** The batch and its leaf in the queue: both or neither. Neither, when its lot was recalled or its order has made another one. */
export async function writeBatch(
  db: Kysely<Schema>,
  { keyStore, queueRecord }: { readonly keyStore: KeyStore; readonly queueRecord: QueueRecord },
  batch: BatchRow,
): Promise<'written' | 'recalled_lot' | 'ordered_before'> {
  const { record } = batch;
  return db.transaction().execute(async (transaction) => {
    // Shared: a recall of the lot comes before, or finds this batch.
    await transaction
      .selectFrom('lots')
      .select('lot_number')
      .where('lot_number', '=', record.lotNumber)
      .forShare()
      .execute();
    const recall = await transaction
      .selectFrom('lot_recalls')
      .select('lot_number')
      .where('lot_number', '=', record.lotNumber)
      .executeTakeFirst();
    if (recall !== undefined) return 'recalled_lot';
    await whileKeysStay(transaction);
    const written = await transaction
      .insertInto('stamp_batches')
      .values({
        batch_number: Number(record.batchNumber),
        cooperative_id: batch.cooperative,
        gtin14: record.gtin14,
        lot_number: record.lotNumber,
        stamp_count: record.stampCount,
        record: batch.recordText,
        digest: batch.digest,
        wrapped_secret: await keyStore.wrap(batch.secret, record.batchNumber),
        upper_nodes: asBytes(batch.upper),
        issued_at_ms: record.issuedAtMs,
        issued_by: batch.issuedBy,
        order_id: batch.orderId ?? null,
      })
      .onConflict((conflict) => conflict.columns(['cooperative_id', 'order_id']).doNothing())
      .returning('batch_number')
      .executeTakeFirst();
    if (written === undefined) return 'ordered_before';
    await queueRecord(transaction, {
      cooperativeId: record.cooperativeId,
      kind: 'stamp_batch',
      digest: batch.digest,
      refKind: 'stamp_batch',
      refId: record.batchNumber,
    });
    return 'written';
  });
}

/**
 * Megabytes go as base64, here and in openBatch: as bytes the embedded engine turns them over one by one in JavaScript, two seconds
 * for a batch of ten million in which nobody else is answered.
 */
function asBytes(bytes: Uint8Array) {
  return sql<Uint8Array>`decode(${Buffer.from(bytes).toString('base64')}, 'base64')`;
}

export async function openBatch(
  db: Kysely<Schema>,
  keyStore: KeyStore,
  batchNumber: number,
): Promise<OpenBatch | undefined> {
  const row = await db
    .selectFrom('stamp_batches')
    .select(['record', 'wrapped_secret', sql<string>`encode(upper_nodes, 'base64')`.as('upper')])
    .where('batch_number', '=', batchNumber)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const record = JSON.parse(row.record) as BatchRecord;
  const secret = await keyStore.unwrap(row.wrapped_secret, String(batchNumber));
  const { cooperativeId, gtin14 } = record;
  try {
    return {
      record,
      batchNumber,
      upper: new Uint8Array(Buffer.from(row.upper, 'base64')),
      stamps: deriveStamps({ secret, cooperativeId, gtin14, batchNumber }),
      pinKey: batchKeys(secret).pin,
    };
  } finally {
    secret.fill(0);
  }
}

/** Of a batch whose top was lost. */
export async function writeTop(db: Kysely<Schema>, batchNumber: number, upper: Uint8Array): Promise<void> {
  await db
    .updateTable('stamp_batches')
    .set({ upper_nodes: asBytes(upper) })
    .where('batch_number', '=', batchNumber)
    .execute();
}

/** The newest first. */
export async function listBatches(db: Kysely<Schema>, limit: number): Promise<BatchSummary[]> {
  const rows = await db
    .selectFrom('stamp_batches')
    .select(['batch_number', 'gtin14', 'lot_number', 'stamp_count', 'issued_at_ms', 'issued_by'])
    .orderBy('batch_number', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    batchNumber: row.batch_number,
    gtin14: row.gtin14,
    lotNumber: row.lot_number,
    stampCount: row.stamp_count,
    issuedAtMs: row.issued_at_ms,
    issuedBy: row.issued_by,
  }));
}
