import { gatewayKeyId, publicKeyHash } from '@nongtin/contracts/encoding';
import type { Kysely, Selectable } from 'kysely';
import type { ChainView } from '../anchoring/index.ts';
import type { Schema } from '../records/index.ts';
import type { KeyChange, SignedTransaction } from './registry-chain.ts';
import type { OrderState } from './state.ts';

/** A change of a key on its way into the registry. */
export interface KeyOrder {
  readonly orderId: number;
  readonly gatewayId: string;
  readonly state: OrderState;
  readonly change: KeyChange;
  readonly chainId: number | null;
  readonly registry: string | null;
  readonly blockNumber: number | null;
  readonly transaction: SignedTransaction | undefined;
}

export interface OrderStore {
  /** Those that the chain does not hold for good, oldest first. */
  open(): Promise<KeyOrder[]>;
  /** The one that stands in the highest block, of those that are final. */
  newestFinal(): Promise<KeyOrder | undefined>;
  /** The signed transaction, before it is sent. */
  submitted(orderId: number, transaction: SignedTransaction, view: ChainView, nowMs: number): Promise<void>;
  /** The block that holds it, of this deployment. */
  stands(order: KeyOrder, state: 'mined' | 'final', block: StandingBlock): Promise<void>;
  /** Whatever is not in a block shows none. */
  setState(orderId: number, state: 'waiting' | 'submitted' | 'refused'): Promise<void>;
  /** All that were final are looked at again: the chain is not the one we knew. */
  reopen(): Promise<void>;
}

interface StandingBlock {
  readonly number: number;
  readonly view: ChainView;
  readonly nowMs: number;
}

/** What one tick looks at; each costs a few questions. */
const MOST_OPEN = 100;

export function createOrderStore(db: Kysely<Schema>): OrderStore {
  const orders = () =>
    db
      .selectFrom('key_orders')
      .innerJoin('gateways', 'gateways.gateway_id', 'key_orders.gateway_id')
      .innerJoin('cooperatives', 'cooperatives.id', 'gateways.cooperative_id')
      .selectAll('key_orders')
      .select(['gateways.public_key', 'gateways.revoked_from_ms', 'cooperatives.chain_id as cooperative']);
  const update = async (orderId: number, values: Partial<Selectable<Schema['key_orders']>>) => {
    await db.updateTable('key_orders').set(values).where('order_id', '=', orderId).execute();
  };
  return {
    open: async () => {
      const rows = await orders()
        .where('key_orders.state', 'in', ['waiting', 'submitted', 'mined'])
        .orderBy('key_orders.order_id')
        .limit(MOST_OPEN)
        .execute();
      return rows.map(keyOrder);
    },
    newestFinal: async () => {
      const row = await orders()
        .where('key_orders.state', '=', 'final')
        .orderBy('key_orders.block_number', 'desc')
        .orderBy('key_orders.order_id', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && keyOrder(row);
    },
    submitted: (orderId, transaction, { chainId, registry }, nowMs) =>
      update(orderId, {
        state: 'submitted',
        transaction_hash: transaction.hash,
        raw_transaction: transaction.raw,
        chain_id: chainId,
        registry,
        submitted_at_ms: nowMs,
      }),
    stands: (order, state, { number, view, nowMs }) =>
      update(order.orderId, {
        state,
        block_number: number,
        chain_id: view.chainId,
        registry: view.registry,
        ...(order.state === 'mined' ? {} : { mined_at_ms: nowMs }),
        ...(state === 'final' ? { final_at_ms: nowMs } : {}),
      }),
    setState: (orderId, state) =>
      update(orderId, { state, block_number: null, mined_at_ms: null, final_at_ms: null }),
    reopen: async () => {
      const changes = { state: 'mined', final_at_ms: null } as const;
      await db.updateTable('key_orders').set(changes).where('state', '=', 'final').execute();
    },
  };
}

type OrderRow = Selectable<Schema['key_orders']> & {
  readonly public_key: string;
  readonly revoked_from_ms: number | null;
  readonly cooperative: string;
};

function keyOrder(row: OrderRow): KeyOrder {
  const { transaction_hash: hash, raw_transaction: raw } = row;
  return {
    orderId: row.order_id,
    gatewayId: row.gateway_id,
    state: row.state,
    change: {
      action: row.action,
      cooperativeId: row.cooperative,
      keyId: gatewayKeyId(row.gateway_id),
      publicKeyHash: publicKeyHash(row.public_key),
      revokedFromMs: row.revoked_from_ms ?? row.queued_at_ms,
    },
    chainId: row.chain_id,
    registry: row.registry,
    blockNumber: row.block_number,
    transaction: hash === null || raw === null ? undefined : { hash, raw },
  };
}
