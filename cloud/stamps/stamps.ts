import { randomFillSync } from 'node:crypto';
import { canonicalJson } from '@nongtin/broker/wire';
import { type BatchRecord, type Hex, recordDigest, toHex } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import { enqueueLeaf } from '../anchoring/index.ts';
import type { KeyStore } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import {
  type BatchRow,
  type BatchSummary,
  batchOfOrder,
  type IssuedBatch,
  listBatches,
  type OpenBatch,
  openBatch,
  type QueueRecord,
  readLot,
  type StampedLot,
  takeBatchNumber,
  writeBatch,
} from './batch-store.ts';
import { BATCH_SECRET_BYTES } from './keys.ts';
import { rootOf, withTree } from './level-tree.ts';
import { holdsPin, pinOf } from './pin.ts';
import { holdsMac, type ParsedSerial, parseSerial, type SerialProblem } from './serial.ts';
import { createTreeBuilder, type TreeBuilder } from './tree-builder.ts';

export interface StampsOptions {
  readonly db: Kysely<Schema>;
  readonly keyStore: KeyStore;
  readonly clock: { nowMs(): number };
  /** Default: the record goes to anchoring unsigned. */
  readonly queueRecord?: QueueRecord;
  /** Stamps of one batch, at most; default 10,000,000. */
  readonly maxStampsPerBatch?: number;
  readonly randomBytes?: (size: number) => Uint8Array;
  readonly buildTree?: TreeBuilder;
}

type IssueResult =
  | { readonly ok: true; readonly batch: BatchSummary; readonly firstSerial: string }
  | { readonly ok: false; readonly problem: 'unknown_lot' | 'recalled_lot' | 'other_order' | 'count' };

/** A stamp whose MAC holds. */
export interface FoundStamp {
  readonly batch: BatchRecord;
  readonly index: number;
  readonly serial: string;
  /** Recomputes the salt and the path; revealed to whoever holds the serial. */
  prove(): { readonly salt: Hex; readonly path: readonly Hex[] };
}

/** `unknown`: well formed, but no stamp of ours. Why (batch, index, product, MAC) is told to nobody. */
export type FindResult =
  | { readonly ok: true; readonly stamp: FoundStamp }
  | { readonly ok: false; readonly problem: SerialProblem | 'unknown' };

interface ListedStamp {
  readonly index: number;
  readonly serial: string;
}

interface ListedPin extends ListedStamp {
  readonly pin: string;
}

interface BatchOrder {
  readonly lotNumber: string;
  readonly count: number;
  readonly issuedBy: string;
  /** Of one stamped package. */
  readonly netWeightGrams?: number;
  /** A UUID: ordered again, after a cut or by a second press of the button, it is the batch made before. */
  readonly orderId?: string;
}

export interface Stamps {
  issueBatch(order: BatchOrder): Promise<IssueResult>;
  /** `gtin14` and `serial` as printed on the stamp. */
  findStamp(gtin14: string, serial: string): Promise<FindResult>;
  /** The stamp, if this is its PIN; takes as long when there is none, or the PIN is wrong. */
  findByPin(gtin14: string, serial: string, pin: string): Promise<FoundStamp | undefined>;
  /** Serials `from` … `from + count - 1`, as far as the batch has them; undefined when there is no such batch. */
  listSerials(
    batchNumber: number,
    from: number,
    count: number,
  ): Promise<{ gtin14: string; stamps: ListedStamp[] } | undefined>;
  /** The same with their PINs: for a printing house, and nobody else. */
  listPins(
    batchNumber: number,
    from: number,
    count: number,
  ): Promise<{ gtin14: string; stamps: ListedPin[] } | undefined>;
  listBatches(limit: number): Promise<BatchSummary[]>;
}

/** Of one batch, where nothing else is said. */
export const MOST_STAMPS = 10_000_000;
const CACHED_BATCHES = 64;
/** Of all their trees' tops together: sixteen batches of ten million stamps. */
const CACHED_BYTES = 64 * 2 ** 20;
/** Stands in for a batch that is not there, so that looking takes as long. */
const NO_KEY = new Uint8Array(32);

export function createStamps(options: StampsOptions): Stamps {
  const { db } = options;
  const issue = issuer(options);
  const open = cachedBatches((batchNumber) => openBatch(db, options.keyStore, batchNumber));
  const find = async (gtin14: string, { parts, serial }: Extract<ParsedSerial, { ok: true }>) => {
    const batch = await open(parts.batchNumber);
    const macHolds = holdsMac(batch?.stamps.macKey ?? NO_KEY, gtin14, parts);
    const isOurs = batch !== undefined && macHolds && isWithin(batch.record, gtin14, parts.index);
    return { batch, stamp: isOurs ? foundStamp(batch, parts.index, serial) : undefined };
  };
  const list = async <T>(
    batchNumber: number,
    from: number,
    count: number,
    show: (batch: OpenBatch, index: number) => T,
  ) => {
    const batch = await open(batchNumber);
    if (batch === undefined) return undefined;
    const length = Math.max(0, Math.min(count, batch.record.stampCount - from));
    return {
      gtin14: batch.record.gtin14,
      stamps: Array.from({ length }, (_, i) => show(batch, from + i)),
    };
  };
  return {
    issueBatch: issue,
    findStamp: async (gtin14, text) => {
      const parsed = parseSerial(text);
      if (!parsed.ok) return parsed;
      const { stamp } = await find(gtin14, parsed);
      return stamp === undefined ? { ok: false, problem: 'unknown' } : { ok: true, stamp };
    },
    findByPin: async (gtin14, text, pin) => {
      const parsed = parseSerial(text);
      if (!parsed.ok) return undefined;
      const { stamp, batch } = await find(gtin14, parsed);
      const pinHolds = holdsPin(batch?.pinKey ?? NO_KEY, parsed.parts.index, pin);
      return pinHolds ? stamp : undefined;
    },
    listSerials: (batchNumber, from, count) =>
      list(batchNumber, from, count, ({ stamps }, index) => ({ index, serial: stamps.serialAt(index) })),
    listPins: (batchNumber, from, count) =>
      list(batchNumber, from, count, ({ stamps, pinKey }, index) => ({
        index,
        serial: stamps.serialAt(index),
        pin: pinOf(pinKey, index),
      })),
    listBatches: (limit) => listBatches(db, limit),
  };
}

function issuer(options: StampsOptions): Stamps['issueBatch'] {
  const { db, keyStore, clock } = options;
  const max = options.maxStampsPerBatch ?? MOST_STAMPS;
  const queueRecord = options.queueRecord ?? enqueueLeaf;
  const buildTree = options.buildTree ?? createTreeBuilder();
  const resultOf = async ({ record, issuedBy }: IssuedBatch, order: BatchOrder): Promise<IssueResult> => {
    if (!isFor(record, order)) return { ok: false, problem: 'other_order' };
    const { gtin14, lotNumber, stampCount, issuedAtMs } = record;
    const batchNumber = Number(record.batchNumber);
    const opened = await openBatch(db, keyStore, batchNumber);
    if (opened === undefined) throw new Error(`batch ${batchNumber} was written and is not there`);
    return {
      ok: true,
      batch: { batchNumber, gtin14, lotNumber, stampCount, issuedAtMs, issuedBy },
      firstSerial: opened.stamps.serialAt(0),
    };
  };
  return async (order) => {
    const { lotNumber, count } = order;
    if (!Number.isSafeInteger(count) || count < 1 || count > max) return { ok: false, problem: 'count' };
    const lot = await readLot(db, lotNumber);
    if (lot === undefined) return { ok: false, problem: 'unknown_lot' };
    const earlier = await orderedBefore(db, lot, order);
    if (earlier !== undefined) return resultOf(earlier, order);
    const batchNumber = await takeBatchNumber(db);
    const { cooperativeId, gtin14 } = lot.record;
    const secret = newSecret(options);
    let record: BatchRecord;
    let outcome: Awaited<ReturnType<typeof writeBatch>>;
    try {
      const upper = await buildTree({ secret, cooperativeId, gtin14, batchNumber }, count);
      record = batchRecord(lot, batchNumber, order, rootOf(upper), clock.nowMs());
      const row = rowOf(record, { lot, order, secret, upper });
      outcome = await writeBatch(db, { keyStore, queueRecord }, row);
    } finally {
      secret.fill(0);
    }
    if (outcome === 'recalled_lot') return { ok: false, problem: outcome };
    // Sent twice at once, and the other one was faster.
    const made =
      outcome === 'written' ? { record, issuedBy: order.issuedBy } : await orderedBefore(db, lot, order);
    if (made === undefined)
      throw new Error(`the batch of order ${order.orderId} was written and is not there`);
    return resultOf(made, order);
  };
}

async function orderedBefore(
  db: Kysely<Schema>,
  { cooperative }: StampedLot,
  { orderId }: BatchOrder,
): Promise<IssuedBatch | undefined> {
  return orderId === undefined ? undefined : batchOfOrder(db, cooperative, orderId);
}

function isFor(record: BatchRecord, { lotNumber, count, netWeightGrams }: BatchOrder): boolean {
  const isSame = record.lotNumber === lotNumber && record.stampCount === count;
  return isSame && record.netWeightGrams === netWeightGrams;
}

interface Ordered extends Pick<BatchRow, 'secret' | 'upper'> {
  readonly lot: StampedLot;
  readonly order: BatchOrder;
}

function rowOf(record: BatchRecord, { lot, order, secret, upper }: Ordered): BatchRow {
  return {
    record,
    recordText: canonicalJson(record),
    digest: toHex(recordDigest(record)).slice(2),
    cooperative: lot.cooperative,
    secret,
    upper,
    issuedBy: order.issuedBy,
    orderId: order.orderId,
  };
}

/** The only copy of it in the clear; whoever takes it zeroes it. */
function newSecret({ randomBytes: random }: StampsOptions): Uint8Array {
  const secret = new Uint8Array(BATCH_SECRET_BYTES);
  if (random === undefined) randomFillSync(secret);
  else secret.set(random(BATCH_SECRET_BYTES));
  return secret;
}

function batchRecord(
  lot: StampedLot,
  batchNumber: number,
  { count: stampCount, netWeightGrams }: BatchOrder,
  stampRoot: Uint8Array,
  issuedAtMs: number,
): BatchRecord {
  const { plantingAreaCode } = lot.record.plot;
  return {
    kind: 'stamp_batch',
    cooperativeId: lot.record.cooperativeId,
    batchNumber: String(batchNumber),
    gtin14: lot.record.gtin14,
    lotNumber: lot.record.lotNumber,
    lotDigest: `0x${lot.digest}`,
    stampCount,
    stampRoot: toHex(stampRoot),
    ...(netWeightGrams === undefined ? {} : { netWeightGrams }),
    issuedAtMs,
    // The lot's own, never one that is typed: lent codes are the fraud to beat.
    ...(plantingAreaCode === undefined ? {} : { plantingAreaCode }),
  };
}

/** Beyond the MAC: a leaked key must not make stamps of another product, or more of them than were issued. */
function isWithin(record: BatchRecord, gtin14: string, index: number): boolean {
  return record.gtin14 === gtin14 && index < record.stampCount;
}

function foundStamp(batch: OpenBatch, index: number, serial: string): FoundStamp {
  const { record, stamps, upper } = batch;
  return {
    batch: record,
    index,
    serial,
    prove: () => ({
      salt: toHex(stamps.saltAt(index)),
      path: withTree(upper, record.stampCount, stamps, (tree) => tree.proofOf(index)).map(toHex),
    }),
  };
}

/** A batch never changes, so what was read stays right; the least recently used ones make room. */
function cachedBatches(read: (batchNumber: number) => Promise<OpenBatch | undefined>) {
  const cache = new Map<number, OpenBatch>();
  return async (batchNumber: number): Promise<OpenBatch | undefined> => {
    const batch = cache.get(batchNumber) ?? (await read(batchNumber));
    if (batch === undefined) return undefined;
    cache.delete(batchNumber);
    cache.set(batchNumber, batch);
    let bytes = 0;
    for (const { upper } of cache.values()) bytes += upper.length;
    for (const [oldest, { upper }] of cache) {
      if (oldest === batchNumber || (cache.size <= CACHED_BATCHES && bytes <= CACHED_BYTES)) break;
      cache.delete(oldest);
      bytes -= upper.length;
    }
    return batch;
  };
}
