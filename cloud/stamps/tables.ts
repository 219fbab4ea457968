import type { Generated } from 'kysely';
import type { NewState } from './life.ts';

/** Rows of the stamp batches: one a batch, whatever its size. Of a single stamp only its activation is stored. */
export interface StampTables {
  stamp_batches: {
    /** Of the sequence `stamp_batch_numbers`: unique in this service, gaps allowed. */
    batch_number: number;
    cooperative_id: string;
    gtin14: string;
    lot_number: string;
    stamp_count: number;
    /** The BatchRecord as RFC 8785 canonical JSON: the bytes whose SHA-256 is `digest`. */
    record: string;
    /** 64 hex digits. */
    digest: string;
    /** The batch secret as the key store wrapped it. */
    wrapped_secret: string;
    /** The upper part of the stamps' tree (level-tree.ts), 32 bytes a node. */
    upper_nodes: Uint8Array;
    issued_at_ms: number;
    issued_by: string;
    /** What whoever ordered it calls the order; of one cooperative each once. */
    order_id: string | null;
  };
  /** Stamps whose scratch PIN was used: when first, and nothing about who. */
  stamp_activations: { batch_number: number; stamp_index: number; activated_at_ms: number };
  /** What was told of ranges: who, when, why. */
  stamp_changes: {
    change_id: Generated<number>;
    batch_number: number;
    first_index: number;
    /** Included. */
    last_index: number;
    state: NewState;
    reason: string;
    changed_by: string;
    changed_at_ms: number;
  };
  /** What stamps are now, by disjoint ranges; those of no range were issued and nothing else. */
  stamp_ranges: {
    batch_number: number;
    first_index: number;
    /** Included. */
    last_index: number;
    state: NewState;
    change_id: number;
  };
  lot_recalls: { lot_number: string; reason: string; recalled_by: string; recalled_at_ms: number };
  /** Wrong PINs by client, by stamp and by both (delays.ts), under a keyed hash of 32 hex digits. */
  pin_delays: { subject: string; failures: number; retry_at_ms: number; expires_at_ms: number };
  /** Files with PINs: who asked, who agreed, whether it was fetched. */
  pin_exports: {
    export_id: Generated<number>;
    batch_number: number;
    first_index: number;
    /** Included. */
    last_index: number;
    reason: string;
    /** The range was asked for before. */
    needs_approval: boolean;
    requested_by: string;
    requested_at_ms: number;
    approved_by: string | null;
    approved_at_ms: number | null;
    taken_at_ms: number | null;
  };
}
