import { randomBytes } from 'node:crypto';
import { canonicalJson } from '@nongtin/broker/wire';
import { type BatchRecord, type Hex, recordDigest, toHex } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import {
  type BatchSummary,
  listBatches,
  type OpenBatch,
  openBatch,
  readLot,
  type StampedLot,
  takeBatchNumber,
  writeBatch,
} from './batch-store.ts';
import { BATCH_SECRET_BYTES, type KeyStore } from './keys.ts';
import { proofFrom, rootOf } from './level-tree.ts';
import { holdsMac, parseSerial, type SerialProblem } from './serial.ts';
import { createTreeBuilder, type TreeBuilder } from './tree-builder.ts';

export interface StampsOptions {
  readonly db: Kysely<Schema>;
  readonly keyStore: KeyStore;
  readonly clock: { nowMs(): number };
  /** Stamps of one batch, at most; default 1,000,000. */
  readonly maxStampsPerBatch?: number;
  readonly randomBytes?: (size: number) => Uint8Array;
  readonly buildTree?: TreeBuilder;
}

type IssueResult =
  | { readonly ok: true; readonly batch: BatchSummary; readonly firstSerial: string }
  | { readonly ok: false; readonly problem: 'unknown_lot' | 'count' };

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

export interface Stamps {
  issueBatch(order: { lotNumber: string; count: number; issuedBy: string }): Promise<IssueResult>;
  /** `gtin14` and `serial` as printed on the stamp. */
  findStamp(gtin14: string, serial: string): Promise<FindResult>;
  /** Serials `from` … `from + count - 1`, as far as the batch has them; undefined when there is no such batch. */
  listSerials(
    batchNumber: number,
    from: number,
    count: number,
  ): Promise<{ gtin14: string; stamps: ListedStamp[] } | undefined>;
  listBatches(limit: number): Promise<BatchSummary[]>;
}

const DEFAULT_MAX_STAMPS = 1_000_000;
const CACHED_BATCHES = 64;
/** Stands in for a batch that is not there, so that looking takes as long. */
const NO_KEY = new Uint8Array(32);

export function createStamps(options: StampsOptions): Stamps {
  const { db } = options;
  const issue = issuer(options);
  const open = cachedBatches((batchNumber) => openBatch(db, options.keyStore, batchNumber));
  return {
    issueBatch: issue,
    findStamp: async (gtin14, text) => {
      const parsed = parseSerial(text);
      if (!parsed.ok) return parsed;
      const { parts, serial } = parsed;
      const batch = await open(parts.batchNumber);
      const macHolds = holdsMac(batch?.stamps.macKey ?? NO_KEY, gtin14, parts);
      if (batch === undefined || !macHolds || !isWithin(batch.record, gtin14, parts.index)) {
        return { ok: false, problem: 'unknown' };
      }
      return { ok: true, stamp: foundStamp(batch, parts.index, serial) };
    },
    listSerials: async (batchNumber, from, count) => {
      const batch = await open(batchNumber);
      if (batch === undefined) return undefined;
      const length = Math.max(0, Math.min(count, batch.record.stampCount - from));
      const stamps = Array.from({ length }, (_, i) => ({
        index: from + i,
        serial: batch.stamps.serialAt(from + i),
      }));
      return { gtin14: batch.record.gtin14, stamps };
    },
    listBatches: (limit) => listBatches(db, limit),
  };
}

function issuer(options: StampsOptions): Stamps['issueBatch'] {
  const { db, keyStore, clock } = options;
  const max = options.maxStampsPerBatch ?? DEFAULT_MAX_STAMPS;
  const random = options.randomBytes ?? randomBytes;
  const buildTree = options.buildTree ?? createTreeBuilder();
  return async ({ lotNumber, count, issuedBy }) => {
    if (!Number.isSafeInteger(count) || count < 1 || count > max) return { ok: false, problem: 'count' };
    const lot = await readLot(db, lotNumber);
    if (lot === undefined) return { ok: false, problem: 'unknown_lot' };
    const batchNumber = await takeBatchNumber(db);
    const secret = new Uint8Array(random(BATCH_SECRET_BYTES));
    const { cooperativeId, gtin14 } = lot.record;
    const upper = await buildTree({ secret, cooperativeId, gtin14, batchNumber }, count);
    const record = batchRecord(lot, batchNumber, count, rootOf(upper), clock.nowMs());
    const wrappedSecret = await keyStore.wrap(secret, String(batchNumber));
    await writeBatch(db, {
      record,
      recordText: canonicalJson(record),
      digest: toHex(recordDigest(record)).slice(2),
      cooperative: lot.cooperative,
      wrappedSecret,
      upper,
      issuedBy,
    });
    const opened = await openBatch(db, keyStore, batchNumber);
    if (opened === undefined) throw new Error(`batch ${batchNumber} was written and is not there`);
    return {
      ok: true,
      batch: { batchNumber, gtin14, lotNumber, stampCount: count, issuedAtMs: record.issuedAtMs, issuedBy },
      firstSerial: opened.stamps.serialAt(0),
    };
  };
}

function batchRecord(
  lot: StampedLot,
  batchNumber: number,
  stampCount: number,
  stampRoot: Uint8Array,
  issuedAtMs: number,
): BatchRecord {
  return {
    kind: 'stamp_batch',
    cooperativeId: lot.record.cooperativeId,
    batchNumber: String(batchNumber),
    gtin14: lot.record.gtin14,
    lotNumber: lot.record.lotNumber,
    lotDigest: `0x${lot.digest}`,
    stampCount,
    stampRoot: toHex(stampRoot),
    issuedAtMs,
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
      path: proofFrom(upper, record.stampCount, index, stamps.leafAt).map(toHex),
    }),
  };
}

/** A batch never changes, so what was read stays right; the least recently used one makes room. */
function cachedBatches(read: (batchNumber: number) => Promise<OpenBatch | undefined>) {
  const cache = new Map<number, OpenBatch>();
  return async (batchNumber: number): Promise<OpenBatch | undefined> => {
    const batch = cache.get(batchNumber) ?? (await read(batchNumber));
    if (batch === undefined) return undefined;
    cache.delete(batchNumber);
    cache.set(batchNumber, batch);
    const oldest = cache.keys().next();
    if (cache.size > CACHED_BATCHES && !oldest.done) cache.delete(oldest.value);
    return batch;
  };
}
