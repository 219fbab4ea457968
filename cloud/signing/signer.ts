import {
  type BatchRecord,
  type Hex,
  type LeafKind,
  type LotRecord,
  recordTypedData,
  recoverSigner,
  type SignedRecord,
  type TypedRecord,
} from '@nongtin/contracts/encoding';
import { Wallet } from 'ethers';
import { type Kysely, type Selectable, sql } from 'kysely';
import { enqueueLeaf, type NewLeaf } from '../anchoring/index.ts';
import type { KeyStore } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { keysInUse, type SigningKey } from './signing-keys.ts';

export interface SignerOptions {
  readonly db: Kysely<Schema>;
  readonly keyStore: KeyStore;
  readonly clock: { nowMs(): number };
  /**
   * Whether the chain's registry has the key for good: until it has, an older key goes on signing, and what only such a key
   * has signed is not anchored yet, because a record counts by the keys that stood when it was anchored. Default: every key
   * is taken to be there.
   */
  readonly isRegistered?: (db: Kysely<Schema>, keyId: string) => Promise<boolean>;
}

/** A record's signature, for its proof. */
export interface RecordSignature {
  readonly keyId: Hex;
  readonly address: Hex;
  /** 65 bytes r | s | v. */
  readonly signature: Hex;
  readonly signedAtMs: number;
}

/** A record that waits for the manager's wallet, with what the wallet is asked to sign. */
interface AwaitedSignature {
  readonly refKind: string;
  readonly refId: string;
  readonly askedAtMs: number;
  /** What is signed: its canonical JSON (RFC 8785) has the digest that the typed data show. */
  readonly record: LotRecord | BatchRecord;
  readonly typedData: TypedRecord;
}

export type SignatureRefusal =
  | 'unknown_record'
  | 'signed_already'
  | 'withdrawn'
  | 'not_a_signature'
  | 'not_its_key';

export interface Signer {
  /**
   * Signs a new record and hands its leaf to anchoring, in the transaction that writes the record. Where the cooperative's
   * key is in a wallet, the leaf waits for that signature. Where it has no key, the record goes unsigned.
   */
  queueRecord(transaction: Kysely<Schema>, leaf: NewLeaf): Promise<void>;
  /** Those that wait for a wallet, the oldest first. */
  awaited(limit: number): Promise<AwaitedSignature[]>;
  /** Takes a wallet's signature and hands the leaf to anchoring: both or neither. */
  accept(order: {
    readonly refKind: string;
    readonly refId: string;
    readonly signature: string;
    readonly by: string;
  }): Promise<{ ok: true } | { ok: false; problem: SignatureRefusal; signer?: Hex }>;
  /** Hands over what was held back until the registry has its key. How many. */
  release(): Promise<number>;
}

type Row = Omit<Selectable<Schema['record_signatures']>, 'disowned'>;

export function createSigner(options: SignerOptions): Signer {
  const { db, clock } = options;
  return {
    queueRecord: async (transaction, leaf) => {
      const cooperative = await cooperativeOf(transaction, leaf.cooperativeId);
      const key = await signingKey(transaction, options, cooperative);
      if (key === undefined) return enqueueLeaf(transaction, leaf);
      const row = newRow(leaf, cooperative, clock.nowMs());
      if (key.wrapped_secret === null) return insertRow(transaction, row);
      const signature = await signHere(options.keyStore, key, signedRecord(leaf.cooperativeId, row));
      await insertRow(transaction, { ...row, key_id: key.key_id, signature, signed_at_ms: row.asked_at_ms });
      if (await hasRegistry(transaction, options, key.key_id)) await enqueueLeaf(transaction, leaf);
    },
    awaited: async (limit) => {
      const rows = await db
        .selectFrom('record_signatures')
        .innerJoin('cooperatives', 'cooperatives.id', 'record_signatures.cooperative_id')
        .selectAll('record_signatures')
        .leftJoin('lots', (join) =>
          join
            .onRef('lot_number', '=', 'record_signatures.ref_id')
            .on('record_signatures.ref_kind', '=', 'lot'),
        )
        .leftJoin('stamp_batches', (join) =>
          join
            .on(sql<boolean>`stamp_batches.batch_number::text = record_signatures.ref_id`)
            .on('record_signatures.ref_kind', '=', 'stamp_batch'),
        )
        .select([
          'cooperatives.chain_id',
          sql<string>`coalesce(lots.record, stamp_batches.record)`.as('record'),
        ])
        .where('signature', 'is', null)
        .where(sql<boolean>`not ${isWithdrawn('record_signatures')}`)
        .orderBy('asked_at_ms')
        .orderBy('ref_id')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        refKind: row.ref_kind,
        refId: row.ref_id,
        askedAtMs: row.asked_at_ms,
        record: JSON.parse(row.record) as LotRecord | BatchRecord,
        typedData: recordTypedData(signedRecord(row.chain_id, row)),
      }));
    },
    accept: (order) => db.transaction().execute((trx) => accept(trx, options, order, clock.nowMs())),
    release: () => db.transaction().execute((transaction) => release(transaction, options)),
  };
}

/**
 * All of a record was withdrawn before its leaf was in the queue: nobody has a proof of it, and it is never anchored. Withdrawn at the
 * very moment of being handed over, it is anchored, and revoked like any other.
 */
function isWithdrawn(row: 'record_signatures' | 'signed') {
  const [kind, id] = [sql.ref(`${row}.ref_kind`), sql.ref(`${row}.ref_id`)];
  return sql<boolean>`exists (
    select from chain_orders o where o.action = 'revoke_leaf' and o.ref_kind = ${kind} and o.ref_id = ${id})`;
}

/** Undefined: unsigned, or not signed yet. */
export async function signatureOf(
  db: Kysely<Schema>,
  refKind: NewLeaf['refKind'],
  refId: string,
): Promise<RecordSignature | undefined> {
  const row = await db
    .selectFrom('record_signatures')
    .innerJoin('signing_keys', 'signing_keys.key_id', 'record_signatures.key_id')
    .select(['signing_keys.key_id', 'address', 'signature', 'signed_at_ms'])
    .where('ref_kind', '=', refKind)
    .where('ref_id', '=', refId)
    .executeTakeFirst();
  if (row?.signature == null || row.signed_at_ms === null) return undefined;
  return {
    keyId: row.key_id as Hex,
    address: row.address as Hex,
    signature: row.signature as Hex,
    signedAtMs: row.signed_at_ms,
  };
}

async function accept(
  transaction: Kysely<Schema>,
  options: SignerOptions,
  order: { refKind: string; refId: string; signature: string; by: string },
  nowMs: number,
): ReturnType<Signer['accept']> {
  const row = await transaction
    .selectFrom('record_signatures')
    .selectAll()
    .select(isWithdrawn('record_signatures').as('is_withdrawn'))
    .where('ref_kind', '=', order.refKind)
    .where('ref_id', '=', order.refId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return { ok: false, problem: 'unknown_record' };
  if (row.signature !== null) return { ok: false, problem: 'signed_already' };
  if (row.is_withdrawn) return { ok: false, problem: 'withdrawn' };
  const { chain_id: cooperativeId } = await transaction
    .selectFrom('cooperatives')
    .select('chain_id')
    .where('id', '=', row.cooperative_id)
    .executeTakeFirstOrThrow();
  const record = signedRecord(cooperativeId, row);
  const signature = canonicalSignature(order.signature);
  const signer = recoverSigner(record, signature);
  if (signer === undefined) return { ok: false, problem: 'not_a_signature' };
  const keys = await keysInUse(transaction, row.cooperative_id);
  const key = keys.find(({ address }) => address === signer);
  if (key === undefined) return { ok: false, problem: 'not_its_key', signer };
  await transaction
    .updateTable('record_signatures')
    .set({ key_id: key.key_id, signature, signed_at_ms: nowMs, signed_by: order.by })
    .where('ref_kind', '=', row.ref_kind)
    .where('ref_id', '=', row.ref_id)
    .execute();
  if (await hasRegistry(transaction, options, key.key_id))
    await enqueueLeaf(transaction, leafOf(row, cooperativeId));
  return { ok: true };
}

function leafOf(row: Pick<Row, 'kind' | 'digest' | 'ref_kind' | 'ref_id'>, cooperativeId: string): NewLeaf {
  return {
    ...{ cooperativeId, kind: row.kind as LeafKind, digest: row.digest },
    ...{ refKind: row.ref_kind as NewLeaf['refKind'], refId: row.ref_id },
  };
}

async function release(transaction: Kysely<Schema>, options: SignerOptions): Promise<number> {
  const held = await transaction
    .selectFrom('record_signatures as signed')
    .innerJoin('cooperatives', 'cooperatives.id', 'signed.cooperative_id')
    .leftJoin('leaves', (join) =>
      join.onRef('leaves.ref_kind', '=', 'signed.ref_kind').onRef('leaves.ref_id', '=', 'signed.ref_id'),
    )
    .selectAll('signed')
    .select('cooperatives.chain_id')
    .where('signed.signature', 'is not', null)
    // Signed by a key that was stolen meanwhile: it would count nowhere.
    .where('signed.disowned', '=', false)
    .where(sql<boolean>`not ${isWithdrawn('signed')}`)
    .where('leaves.leaf_id', 'is', null)
    .orderBy('signed.asked_at_ms')
    .orderBy('signed.ref_id')
    .limit(MOST_RELEASED)
    .execute();
  let released = 0;
  for (const row of held) {
    if (row.key_id === null || !(await hasRegistry(transaction, options, row.key_id))) continue;
    await enqueueLeaf(transaction, leafOf(row, row.chain_id));
    released += 1;
  }
  return released;
}

const MOST_RELEASED = 1_000;

function hasRegistry(db: Kysely<Schema>, { isRegistered }: SignerOptions, keyId: string): Promise<boolean> {
  return isRegistered === undefined ? Promise.resolve(true) : isRegistered(db, keyId);
}

/** Some wallets end a signature with 0 or 1, where Ethereum's form has 27 or 28. */
function canonicalSignature(text: string): string {
  const lower = text.toLowerCase();
  if (!/^0x[0-9a-f]{128}0[01]$/.test(lower)) return lower;
  return lower.slice(0, -2) + (lower.endsWith('1') ? '1c' : '1b');
}

async function cooperativeOf(db: Kysely<Schema>, chainId: string): Promise<string> {
  const row = await db
    .selectFrom('cooperatives')
    .select('id')
    .where('chain_id', '=', chainId.toLowerCase())
    .executeTakeFirstOrThrow();
  return row.id;
}

/** The newest that the registry has; the newest of all where it has none yet. */
async function signingKey(
  db: Kysely<Schema>,
  options: SignerOptions,
  cooperative: string,
): Promise<SigningKey | undefined> {
  const keys = await keysInUse(db, cooperative);
  for (const key of keys) {
    if (await hasRegistry(db, options, key.key_id)) return key;
  }
  return keys[0];
}

async function signHere(keyStore: KeyStore, key: SigningKey, record: SignedRecord): Promise<string> {
  const secret = await keyStore.unwrap(key.wrapped_secret ?? '', key.key_id);
  try {
    const { domain, types, message } = recordTypedData(record);
    // ethers takes the key as text, which cannot be zeroed and is left to the garbage collector.
    const wallet = new Wallet(
      `0x${Buffer.from(secret.buffer, secret.byteOffset, secret.length).toString('hex')}`,
    );
    return await wallet.signTypedData(domain, { Record: [...types.Record] }, message);
  } finally {
    secret.fill(0);
  }
}

function signedRecord(cooperativeId: string, { kind, digest }: Pick<Row, 'kind' | 'digest'>): SignedRecord {
  return { cooperativeId: cooperativeId as Hex, kind: kind as LeafKind, digest: `0x${digest}` };
}

function newRow(leaf: NewLeaf, cooperative: string, nowMs: number): Row {
  return {
    ref_kind: leaf.refKind,
    ref_id: leaf.refId,
    cooperative_id: cooperative,
    kind: leaf.kind,
    digest: leaf.digest.replace(/^0x/, '').toLowerCase(),
    asked_at_ms: nowMs,
    key_id: null,
    signature: null,
    signed_at_ms: null,
    signed_by: null,
  };
}

async function insertRow(db: Kysely<Schema>, row: Row): Promise<void> {
  await db.insertInto('record_signatures').values(row).execute();
}
