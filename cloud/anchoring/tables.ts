import type { Generated, GeneratedAlways } from 'kysely';

/** Rows of the anchors and of the leaves that wait for one. */
export interface AnchorTables {
  leaves: {
    leaf_id: Generated<number>;
    /** bytes32 of the cooperative as 0x and 64 hex digits. */
    cooperative_id: string;
    /** A LeafKind of the encoding. */
    kind: string;
    /** 64 hex digits. */
    digest: string;
    /** 32 random bytes as 64 hex digits, secret until the leaf's own proof is handed out. */
    salt: string;
    /** What the leaf stands for, and the key of its row. */
    ref_kind: string;
    ref_id: string;
    queued_at_ms: number;
    /** The anchor of its tree that is followed, on the deployment in use; null while it waits for a tree. */
    anchor_id: number | null;
  };
  anchors: {
    anchor_id: Generated<number>;
    state: 'waiting' | 'submitted' | 'mined' | 'final' | 'forgotten';
    /** 0x and 64 hex digits, like every hash of the chain below. */
    root: string;
    tree_size: number;
    /** The deployment it is meant for; a tree has at most one row for each, and all but one of its rows are forgotten. */
    chain_id: number;
    registry: string;
    created_at_ms: number;
    /** Of the version that is mined, else the one signed last; all of them: chain_transactions. */
    transaction_hash: string | null;
    submitted_at_ms: number | null;
    block_number: number | null;
    block_hash: string | null;
    block_time_ms: number | null;
    mined_at_ms: number | null;
    final_at_ms: number | null;
    /** When it was left for another deployment, the last time; kept when the cloud has come back to it. */
    forgotten_at_ms: number | null;
    gas_used: string | null;
    gas_price_wei: string | null;
    /** The anchor on an earlier deployment whose tree this one is; null: the tree was built for this one. */
    repeats_anchor_id: number | null;
    /** The anchor that the tree was built for: itself, or the one it repeats. */
    tree_id: GeneratedAlways<number>;
  };
  /** Which leaves a tree was built of, in order; `anchor_id` is the `tree_id` of all anchors of the tree. */
  anchor_leaves: { anchor_id: number; leaf_index: number; leaf_id: number; leaf_hash: string };
  /** Every signed version of every transaction, of anchors and of orders to the registry. */
  chain_transactions: {
    transaction_id: Generated<number>;
    /** filler: it does nothing but use its nonce. */
    purpose: 'anchor' | 'order' | 'filler';
    /** Key of the anchor or the order; 0 for a filler. */
    purpose_id: number;
    /** The deployment it was signed for. */
    chain_id: number;
    contract: string;
    /** Empty, with nonce -1 and no fees, when an earlier release signed it: its bytes tell. */
    sender: string;
    nonce: number;
    hash: string;
    raw: string;
    gas_limit: string;
    max_fee_wei: string;
    priority_fee_wei: string;
    signed_at_ms: number;
    mined_at_ms: number | null;
    gas_used: string | null;
    gas_price_wei: string | null;
  };
}
