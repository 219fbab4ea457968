import { addressHash, cooperativeKeyId, type Hex } from '@nongtin/contracts/encoding';
import { getAddress, Wallet } from 'ethers';
import type { Kysely, Selectable } from 'kysely';
import { type KeyStore, whileKeysStay } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { disownSince } from './disowned.ts';

export type SigningKey = Selectable<Schema['signing_keys']>;

/** What the chain's registry should say of a cooperative's signing key. Times in milliseconds. */
export interface CooperativeKeyWanted {
  /** Slug. */
  readonly cooperative: string;
  readonly keyId: Hex;
  readonly publicKeyHash: Hex;
  /** Signs no more. */
  readonly isRetired: boolean;
  /** Null: not revoked. */
  readonly revokedFromMs: number | null;
}

/** All that the registry should say, oldest key first; whoever tells it asks as often as he likes. */
export async function cooperativeKeysWanted(db: Kysely<Schema>): Promise<CooperativeKeyWanted[]> {
  const rows = await db
    .selectFrom('signing_keys')
    .select(['cooperative_id', 'address', 'retired_at_ms', 'revoked_from_ms'])
    .orderBy('added_at_ms')
    .orderBy('key_id')
    .execute();
  return rows.map((row) => {
    const address = row.address as Hex;
    return {
      cooperative: row.cooperative_id,
      keyId: cooperativeKeyId(address),
      publicKeyHash: addressHash(address),
      isRetired: row.retired_at_ms !== null,
      revokedFromMs: row.revoked_from_ms,
    };
  });
}

export interface NewKey {
  /** Slug. */
  readonly cooperative: string;
  readonly label: string;
  readonly by: string;
  readonly nowMs: number;
}

/** A key that is made and kept here; its secret is in no answer and no log. */
export async function makeKey(db: Kysely<Schema>, keyStore: KeyStore, order: NewKey): Promise<SigningKey> {
  const wallet = Wallet.createRandom();
  const address = wallet.address.toLowerCase() as Hex;
  return db.transaction().execute(async (transaction) => {
    await whileKeysStay(transaction);
    const secret = Buffer.from(wallet.privateKey.slice(2), 'hex');
    try {
      const wrapped = await keyStore.wrap(secret, cooperativeKeyId(address));
      return await insertKey(transaction, address, order, wrapped);
    } finally {
      secret.fill(0);
    }
  });
}

/** For the demo: a cooperative that has never had a key gets one. */
export async function ensureKey(db: Kysely<Schema>, keyStore: KeyStore, order: NewKey): Promise<void> {
  const some = await db
    .selectFrom('signing_keys')
    .select('key_id')
    .where('cooperative_id', '=', order.cooperative)
    .executeTakeFirst();
  if (some === undefined) await makeKey(db, keyStore, order);
}

/**
 * A key in a wallet, known by its address. `not_an_address` also when its capitals do not hold (EIP-55): a slip would have
 * every record wait for a signature that nobody can make. `taken`: an address is used once.
 */
export async function addWallet(
  db: Kysely<Schema>,
  text: string,
  order: NewKey,
): Promise<SigningKey | 'not_an_address' | 'taken'> {
  const address = addressIn(text);
  if (address === undefined) return 'not_an_address';
  const known = await db
    .selectFrom('signing_keys')
    .select('key_id')
    .where('address', '=', address)
    .executeTakeFirst();
  return known === undefined ? insertKey(db, address, order, null) : 'taken';
}

/**
 * The key signs no more; one that was kept here is wiped. Undefined: there is none that is in use. A key whose planned end is over
 * may still be told as stolen: what it signed since then counts nowhere.
 */
export function retireKey(
  db: Kysely<Schema>,
  order: {
    readonly keyId: string;
    readonly by: string;
    readonly reason: string;
    readonly nowMs: number;
    /** Null: an end that was planned. */
    readonly revokedFromMs: number | null;
  },
): Promise<SigningKey | undefined> {
  const { keyId, revokedFromMs } = order;
  const isStolen = revokedFromMs !== null;
  return db.transaction().execute(async (transaction) => {
    const key = await transaction
      .updateTable('signing_keys')
      .set((eb) => ({
        wrapped_secret: null,
        retired_at_ms: eb.fn.coalesce('retired_at_ms', eb.val(order.nowMs)),
        retired_by: order.by,
        retired_reason: order.reason,
        revoked_from_ms: revokedFromMs,
      }))
      .where('key_id', '=', keyId)
      .where(isStolen ? 'revoked_from_ms' : 'retired_at_ms', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (key !== undefined && isStolen) await disownSince(transaction, keyId, revokedFromMs);
    return key;
  });
}

/** In use, the newest first; with a lock against being retired meanwhile. */
export function keysInUse(db: Kysely<Schema>, cooperative: string): Promise<SigningKey[]> {
  return db
    .selectFrom('signing_keys')
    .selectAll()
    .where('cooperative_id', '=', cooperative)
    .where('retired_at_ms', 'is', null)
    .orderBy('added_at_ms', 'desc')
    .orderBy('key_id')
    .forShare()
    .execute();
}

export function listKeys(db: Kysely<Schema>): Promise<SigningKey[]> {
  return db
    .selectFrom('signing_keys')
    .selectAll()
    .orderBy('added_at_ms', 'desc')
    .orderBy('key_id')
    .limit(500)
    .execute();
}

function insertKey(
  db: Kysely<Schema>,
  address: Hex,
  order: NewKey,
  wrapped: string | null,
): Promise<SigningKey> {
  return db
    .insertInto('signing_keys')
    .values({
      key_id: cooperativeKeyId(address),
      cooperative_id: order.cooperative,
      address,
      wrapped_secret: wrapped,
      held: wrapped === null ? 'wallet' : 'here',
      label: order.label,
      added_at_ms: order.nowMs,
      added_by: order.by,
      retired_at_ms: null,
      retired_by: null,
      retired_reason: null,
      revoked_from_ms: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

function addressIn(text: string): Hex | undefined {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return undefined;
  try {
    return getAddress(text).toLowerCase() as Hex;
  } catch {
    return undefined;
  }
}
