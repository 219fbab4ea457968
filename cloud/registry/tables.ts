import type { Generated } from 'kysely';

/** Rows of what the chain's registry has to be told, one of each action for a gateway. */
export interface RegistryTables {
  key_orders: {
    order_id: Generated<number>;
    gateway_id: string;
    action: 'set_key' | 'revoke_key';
    state: 'waiting' | 'submitted' | 'mined' | 'final' | 'refused';
    queued_at_ms: number;
    /** The deployment that `transaction` was signed for, or that was found to hold it. */
    chain_id: number | null;
    registry: string | null;
    /** The signed transaction: written before it is sent. Null when the chain said it before we did. */
    transaction_hash: string | null;
    raw_transaction: string | null;
    submitted_at_ms: number | null;
    block_number: number | null;
    mined_at_ms: number | null;
    final_at_ms: number | null;
  };
}
