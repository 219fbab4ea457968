import type { ColumnType, Generated } from 'kysely';

type Optional<T> = ColumnType<T | null, T | null | undefined, T | null>;

/** Rows of what the chain has to be told for a cooperative: of gateways' keys, of its own, of what it revokes. */
export interface RegistryTables {
  chain_orders: {
    order_id: Generated<number>;
    action: 'set_key' | 'retire_key' | 'revoke_key' | 'revoke_leaf' | 'revoke_range';
    state: 'waiting' | 'submitted' | 'mined' | 'final' | 'refused';
    queued_at_ms: number;
    /** Whose key; one of each action. Null: it is about something else. */
    gateway_id: Optional<string>;
    /** Of a key of the cooperative's own: who, which (bytes32 as 0x and 64 hex digits), and since when it counts no more. */
    cooperative_id: Optional<string>;
    key_id: Optional<string>;
    public_key_hash: Optional<string>;
    revoked_from_ms: Optional<number>;
    /** Of a revocation: the leaf's reference; of a batch also the stamps from one index to another, both included. */
    ref_kind: Optional<string>;
    ref_id: Optional<string>;
    range_from: Optional<number>;
    range_to: Optional<number>;
    /** The deployment that `transaction` was signed for, or that was found to hold it. */
    chain_id: Optional<number>;
    registry: Optional<string>;
    /** The one signed last. Null when the chain said it before we did. */
    transaction_hash: Optional<string>;
    submitted_at_ms: Optional<number>;
    block_number: Optional<number>;
    mined_at_ms: Optional<number>;
    final_at_ms: Optional<number>;
  };
}
