import type { Kysely, Selectable } from 'kysely';
import { sql } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { ChainView, PaidTransaction, SignedTransaction } from './chain-port.ts';

/** What a transaction is for: the row of an anchor or of an order to the registry. */
export interface Purpose {
  readonly kind: 'anchor' | 'order';
  readonly id: number;
}

/** A version as it was written down. */
export interface Version extends SignedTransaction {
  readonly signedAtMs: number;
}

/** needed: by a purpose on the deployment in use. left: signed for another one, or again for a later nonce. */
interface Occupant extends Version {
  readonly use: 'needed' | 'filler' | 'left';
}

type Deployment = Pick<ChainView, 'chainId' | 'registry'>;

/** Every version of every transaction, written before it is sent: whichever is mined, it is known. */
export interface TransactionLedger {
  /** 'filler': it only uses a nonce. The same one again changes nothing. */
  write(
    purpose: Purpose | 'filler',
    transaction: SignedTransaction,
    place: Deployment,
    nowMs: number,
  ): Promise<void>;
  /** Those of one purpose for one deployment, oldest first. */
  versionsOf(purpose: Purpose, place: Deployment): Promise<Version[]>;
  /** Ours that would use this nonce now: the one that offers most. */
  at(place: Deployment, sender: string, nonce: number): Promise<Occupant | undefined>;
  /**
   * Wei that an account has spent on transactions signed since then, each nonce once: as it was paid, or at its worst while
   * nobody knows; without `exceptNonce`.
   */
  spentSince(account: Account, sinceMs: number, exceptNonce?: number): Promise<bigint>;
  /** When the first of them was signed; undefined: none was. */
  firstSince(account: Account, sinceMs: number): Promise<number | undefined>;
}

interface Account {
  readonly chainId: number;
  readonly address: string;
}

/** What a mined transaction cost. */
export async function writePaid(db: Kysely<Schema>, paid: PaidTransaction, nowMs: number): Promise<void> {
  await db
    .updateTable('chain_transactions')
    .set({
      mined_at_ms: nowMs,
      gas_used: paid.gasUsed.toString(),
      gas_price_wei: paid.gasPriceWei.toString(),
    })
    .where('hash', '=', paid.hash)
    .execute();
}

export function createTransactionLedger(db: Kysely<Schema>): TransactionLedger {
  const versionsOf: TransactionLedger['versionsOf'] = async ({ kind, id }, { chainId, registry }) => {
    const rows = await db
      .selectFrom('chain_transactions')
      .selectAll()
      .where('purpose', '=', kind)
      .where('purpose_id', '=', id)
      .where('chain_id', '=', chainId)
      .where('contract', '=', registry)
      .orderBy('transaction_id')
      .execute();
    return rows.map(version);
  };
  return {
    versionsOf,
    write: async (purpose, transaction, { chainId, registry }, nowMs) => {
      await db
        .insertInto('chain_transactions')
        .values({
          ...(purpose === 'filler'
            ? { purpose, purpose_id: 0 }
            : { purpose: purpose.kind, purpose_id: purpose.id }),
          ...{ chain_id: chainId, contract: registry, sender: transaction.sender, nonce: transaction.nonce },
          ...{ hash: transaction.hash, raw: transaction.raw, gas_limit: transaction.gasLimit.toString() },
          max_fee_wei: transaction.fees.maxFeePerGasWei.toString(),
          priority_fee_wei: transaction.fees.maxPriorityFeePerGasWei.toString(),
          signed_at_ms: nowMs,
        })
        .onConflict((conflict) => conflict.column('hash').doNothing())
        .execute();
    },
    at: async (place, sender, nonce) => {
      const row = await db
        .selectFrom('chain_transactions')
        .selectAll()
        .where('chain_id', '=', place.chainId)
        .where('sender', '=', sender)
        .where('nonce', '=', nonce)
        .orderBy('transaction_id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      if (row.purpose === 'filler') return { ...version(row), use: 'filler' };
      const isHere = row.contract === place.registry;
      const newest = isHere
        ? (await versionsOf({ kind: row.purpose, id: row.purpose_id }, place)).at(-1)
        : undefined;
      // Signed again for a later nonce, or for contracts that were left: sent now as well, it would be a second transaction
      // for the same thing.
      return newest?.nonce === nonce ? { ...newest, use: 'needed' } : { ...version(row), use: 'left' };
    },
    firstSince: async ({ chainId, address }, sinceMs) => {
      const row = await db
        .selectFrom('chain_transactions')
        .select((eb) => eb.fn.min('signed_at_ms').as('first'))
        .where('chain_id', '=', chainId)
        .where('sender', '=', address)
        .where('signed_at_ms', '>=', sinceMs)
        .executeTakeFirst();
      return row?.first === null || row?.first === undefined ? undefined : Number(row.first);
    },
    spentSince: async ({ chainId, address }, sinceMs, exceptNonce = -1) => {
      const { rows } = await sql<{ wei: string }>`
        select coalesce(sum(wei), 0)::text as wei from (
          select coalesce(max(gas_used * gas_price_wei), max(gas_limit * max_fee_wei)) as wei
          from chain_transactions
          where chain_id = ${chainId} and sender = ${address} and signed_at_ms >= ${sinceMs} and nonce <> ${exceptNonce}
          group by nonce
        ) as nonces`.execute(db);
      return BigInt(rows[0]?.wei.split('.')[0] ?? 0);
    },
  };
}

function version(row: Selectable<Schema['chain_transactions']>): Version {
  return {
    hash: row.hash,
    raw: row.raw,
    sender: row.sender,
    nonce: row.nonce,
    gasLimit: BigInt(row.gas_limit),
    fees: {
      maxFeePerGasWei: BigInt(row.max_fee_wei),
      maxPriorityFeePerGasWei: BigInt(row.priority_fee_wei),
    },
    signedAtMs: row.signed_at_ms,
  };
}
