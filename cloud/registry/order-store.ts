import { gatewayKeyId, keyKinds, publicKeyHash, toHex } from '@nongtin/contracts/encoding';
import type { Kysely, Selectable } from 'kysely';
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
import type { OrderCall } from './registry-chain.ts';
import type { OrderState } from './state.ts';

/** Something on its way into the registry. */
export interface Order {
  readonly orderId: number;
  /** For logs: what it is about. */
  readonly about: string;
  readonly state: OrderState;
  readonly call: OrderCall;
  readonly chainId: number | null;
  readonly registry: string | null;
  readonly blockNumber: number | null;
}

export interface OrderStore {
  /** Those that the chain does not hold for good, oldest first. */
  open(): Promise<Order[]>;
  /** The one that stands in the highest block, of those that are final. */
  newestFinal(): Promise<Order | undefined>;
  /** A transaction for it, written down before, was sent. */
  submitted(orderId: number, transaction: SignedTransaction, view: ChainView, nowMs: number): Promise<void>;
  /** The block that holds it, of this deployment. */
  stands(order: Order, state: 'mined' | 'final', block: StandingBlock): Promise<void>;
  /** Whatever is not in a block shows none. */
  setState(orderId: number, state: 'waiting' | 'submitted' | 'refused'): Promise<void>;
  /** All that were final are looked at again: the chain is not the one we knew. */
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
      .leftJoin('cooperatives', (join) =>
        join.on((eb) =>
          eb(
            'cooperatives.id',
            '=',
            eb.fn.coalesce('chain_orders.cooperative_id', 'gateways.cooperative_id'),
          ),
        ),
      )
      .leftJoin('leaves', (join) =>
        join
          .onRef('leaves.ref_kind', '=', 'chain_orders.ref_kind')
          .onRef('leaves.ref_id', '=', 'chain_orders.ref_id'),
      )
      .selectAll('chain_orders')
      .select([
        'gateways.public_key',
        'gateways.revoked_from_ms as gateway_revoked_from_ms',
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
    ledger: createTransactionLedger(db),
    open: async () => {
      const rows = await orders()
        .where('chain_orders.state', 'in', ['waiting', 'submitted', 'mined'])
        .orderBy('chain_orders.order_id')
        .limit(MOST_OPEN)
        .execute();
      return rows.map(orderOf);
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
    reopen: async () => {
      const changes = { state: 'mined', final_at_ms: null } as const;
      await db.updateTable('chain_orders').set(changes).where('state', '=', 'final').execute();
    },
  };
}

type OrderRow = Selectable<Schema['chain_orders']> & {
  readonly public_key: string | null;
  readonly gateway_revoked_from_ms: number | null;
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
    state: row.state,
    call: callOf(row),
    chainId: row.chain_id,
    registry: row.registry,
    blockNumber: row.block_number,
  };
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
  return { action, cooperativeId: row.cooperative ?? '', ...key };
}

/** secp256k1, signs records by EIP-712. */
const COOPERATIVE_KEY = 2;
