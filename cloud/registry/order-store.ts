import { gatewayKeyId, keyKinds, publicKeyHash, toHex } from '@nongtin/contracts/encoding';
import { type Kysely, type Selectable, sql } from 'kysely';
import {
  type ChainView,
  createTransactionLedger,
  hashOf,
  type PaidTransaction,
  type SignedTransaction,
  type TransactionLedger,
  writePaid,
} from '../anchoring/index.ts';
import type { Schema } from '../records/index.ts';
import { enqueueRevocation } from './queue.ts';
import type { OrderCall } from './registry-chain.ts';
import type { Deployment } from './registry-reading.ts';
import {
  countsLater,
  disownedLeaves,
  type SignedTrees,
  signedTrees,
  signersOfTrees,
} from './signed-trees.ts';
import type { OrderState } from './state.ts';

/** Something on its way into the registry. */
export interface Order {
  readonly orderId: number;
  /** For logs: what it is about. */
  readonly about: string;
  /** For messages: short name of the cooperative that it is told for. */
  readonly cooperative: string;
  readonly state: OrderState;
  readonly call: OrderCall;
  /** Of the end of a signing key: when the key was stolen; 0: it was not, and all that it signed is to count. */
  readonly endsMs: number | undefined;
  readonly chainId: number | null;
  readonly registry: string | null;
  readonly blockNumber: number | null;
}

export interface OrderStore {
  /** Those that the chain does not hold for good: keys that sign before all others, ends of such keys last. */
  open(): Promise<Order[]>;
  /** How many the chain can never say: their id is another key's. */
  refused(): Promise<number>;
  /** The one that stands in the highest block, of those that are final. */
  newestFinal(): Promise<Order | undefined>;
  /** A transaction for it, written down before, was sent. */
  submitted(orderId: number, transaction: SignedTransaction, view: ChainView, nowMs: number): Promise<void>;
  /** The block that holds it, of this deployment. */
  stands(order: Order, state: 'mined' | 'final', block: StandingBlock): Promise<void>;
  /** Whatever is not in a block shows none. */
  setState(orderId: number, state: 'waiting' | 'submitted' | 'refused'): Promise<void>;
  /** Of an order that ends a signing key: what that key has signed and is to go on counting. */
  signedTrees(order: Order, place: Deployment): Promise<SignedTrees>;
  /** Has revoked what stolen keys signed and what would come to life on this deployment, for the keys count there for longer. */
  disown(place: Deployment, nowMs: number): Promise<void>;
  /** All that were final are looked at again, also what was refused: the chain is not the one we knew. */
  reopen(): Promise<void>;
  /** Of all that was signed. */
  readonly ledger: TransactionLedger;
}

interface StandingBlock {
  readonly number: number;
  readonly paid: PaidTransaction | undefined;
  readonly view: ChainView;
  readonly nowMs: number;
}

/** What one tick looks at; each costs a few questions. */
const MOST_OPEN = 100;

export function createOrderStore(db: Kysely<Schema>): OrderStore {
  const orders = () =>
    db
      .selectFrom('chain_orders')
      .leftJoin('gateways', 'gateways.gateway_id', 'chain_orders.gateway_id')
      .leftJoin('leaves', (join) =>
        join
          .onRef('leaves.ref_kind', '=', 'chain_orders.ref_kind')
          .onRef('leaves.ref_id', '=', 'chain_orders.ref_id'),
      )
      .leftJoin('cooperatives', (join) =>
        join.on((eb) =>
          eb.or([
            eb(
              'cooperatives.id',
              '=',
              eb.fn.coalesce('chain_orders.cooperative_id', 'gateways.cooperative_id'),
            ),
            eb('cooperatives.chain_id', '=', eb.ref('leaves.cooperative_id')),
          ]),
        ),
      )
      .selectAll('chain_orders')
      .select([
        'gateways.public_key',
        'gateways.revoked_from_ms as gateway_revoked_from_ms',
        'cooperatives.id as slug',
        'cooperatives.chain_id as cooperative',
        'leaves.cooperative_id as leaf_cooperative',
        'leaves.kind as leaf_kind',
        'leaves.salt as leaf_salt',
        'leaves.digest as leaf_digest',
      ]);
  const update = async (orderId: number, values: Partial<Selectable<Schema['chain_orders']>>) => {
    await db.updateTable('chain_orders').set(values).where('order_id', '=', orderId).execute();
  };
  return {
    ledger: ledgerOf(db),
    open: async () => {
      const rows = await orders()
        .where('chain_orders.state', 'in', ['waiting', 'submitted', 'mined'])
        // What was withdrawn while it was held back has no leaf to revoke, or not yet.
        .where((eb) => eb.or([eb('chain_orders.ref_kind', 'is', null), eb('leaves.leaf_id', 'is not', null)]))
        .orderBy(urgency)
        .orderBy('chain_orders.order_id')
        .limit(MOST_OPEN)
        .execute();
      return rows.map(orderOf);
    },
    refused: async () => {
      const { count } = await db
        .selectFrom('chain_orders')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('state', '=', 'refused')
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    newestFinal: async () => {
      const row = await orders()
        .where('chain_orders.state', '=', 'final')
        .orderBy('chain_orders.block_number', 'desc')
        .orderBy('chain_orders.order_id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && orderOf(row);
    },
    submitted: (orderId, transaction, { chainId, registry }, nowMs) =>
      update(orderId, {
        state: 'submitted',
        transaction_hash: transaction.hash,
        chain_id: chainId,
        registry,
        submitted_at_ms: nowMs,
      }),
    stands: async (order, state, { number, paid, view, nowMs }) => {
      if (paid !== undefined) await writePaid(db, paid, nowMs);
      await update(order.orderId, {
        state,
        block_number: number,
        chain_id: view.chainId,
        registry: view.registry,
        ...(order.state === 'mined' ? {} : { mined_at_ms: nowMs }),
        ...(state === 'final' ? { final_at_ms: nowMs } : {}),
      });
    },
    setState: (orderId, state) =>
      update(orderId, { state, block_number: null, mined_at_ms: null, final_at_ms: null }),
    signedTrees: ({ call, endsMs = 0 }, place) =>
      signedTrees(db, 'keyId' in call ? call.keyId : '', endsMs, place),
    disown: (place, nowMs) => disown(db, place, nowMs),
    reopen: async () => {
      const changes = { state: 'mined', final_at_ms: null } as const;
      await db.updateTable('chain_orders').set(changes).where('state', '=', 'final').execute();
      await db.updateTable('chain_orders').set({ state: 'waiting' }).where('state', '=', 'refused').execute();
    },
  };
}

/** What trees wait for comes first; what waits for trees comes last, so that it keeps no other from being looked at. */
const urgency = sql`case when chain_orders.key_id is null then 1 when chain_orders.action = 'set_key' then 0 else 2 end`;

async function disown(db: Kysely<Schema>, place: Deployment, nowMs: number): Promise<void> {
  for (const { keyId, revokedFromMs } of await signersOfTrees(db)) {
    if (revokedFromMs === null || !(await countsLater(db, keyId, revokedFromMs, place))) continue;
    for (const { ref_kind: refKind, ref_id: refId } of await disownedLeaves(db, keyId))
      await enqueueRevocation(db, { refKind, refId }, nowMs);
  }
}

/**
 * A transaction that ends a signing key is not sent to fill a gap of nonces: whether what the key has signed stands by then is
 * asked before it is sent for its own sake. Its nonce is filled otherwise, and it is signed anew.
 */
function ledgerOf(db: Kysely<Schema>): TransactionLedger {
  const ledger = createTransactionLedger(db);
  return {
    ...ledger,
    at: async (...place) => {
      const found = await ledger.at(...place);
      if (found === undefined) return undefined;
      const end = await db
        .selectFrom('chain_transactions as t')
        .innerJoin('chain_orders as o', 'o.order_id', 't.purpose_id')
        .select('o.order_id')
        .where('t.hash', '=', found.hash)
        .where('t.purpose', '=', 'order')
        .where('o.key_id', 'is not', null)
        .where('o.action', '!=', 'set_key')
        .executeTakeFirst();
      return end === undefined ? found : undefined;
    },
  };
}

type OrderRow = Selectable<Schema['chain_orders']> & {
  readonly public_key: string | null;
  readonly gateway_revoked_from_ms: number | null;
  readonly slug: string | null;
  readonly cooperative: string | null;
  readonly leaf_cooperative: string | null;
  readonly leaf_kind: string | null;
  readonly leaf_salt: string | null;
  readonly leaf_digest: string | null;
};

function orderOf(row: OrderRow): Order {
  return {
    orderId: row.order_id,
    about: row.gateway_id ?? row.key_id ?? `${row.ref_kind} ${row.ref_id}`,
    cooperative: row.slug ?? 'a cooperative',
    state: row.state,
    call: callOf(row),
    endsMs: endsMsOf(row),
    chainId: row.chain_id,
    registry: row.registry,
    blockNumber: row.block_number,
  };
}

function endsMsOf(row: OrderRow): number | undefined {
  if (row.key_id === null || row.action === 'set_key') return undefined;
  return row.action === 'retire_key' ? 0 : (row.revoked_from_ms ?? row.queued_at_ms);
}

function callOf(row: OrderRow): OrderCall {
  const { action } = row;
  if (action === 'revoke_leaf' || action === 'revoke_range') {
    const { range_from: from, range_to: to } = row;
    const leaf = {
      cooperative_id: row.leaf_cooperative ?? '',
      kind: row.leaf_kind ?? '',
      salt: row.leaf_salt ?? '',
      digest: row.leaf_digest ?? '',
    };
    return {
      action,
      issuer: leaf.cooperative_id,
      leaf: toHex(hashOf(leaf)),
      range: from === null || to === null ? undefined : { from, to },
    };
  }
  const key =
    row.gateway_id === null
      ? {
          keyId: row.key_id ?? '',
          keyKind: COOPERATIVE_KEY,
          publicKeyHash: row.public_key_hash ?? '',
          revokedFromMs: row.revoked_from_ms ?? row.queued_at_ms,
        }
      : {
          keyId: gatewayKeyId(row.gateway_id),
          keyKind: keyKinds.gateway,
          publicKeyHash: publicKeyHash(row.public_key ?? ''),
          revokedFromMs: row.gateway_revoked_from_ms ?? row.queued_at_ms,
        };
  return { action, cooperativeId: row.cooperative ?? '', ...key, keepsUntilMs: undefined };
}

/** secp256k1, signs records by EIP-712. */
const COOPERATIVE_KEY = 2;
