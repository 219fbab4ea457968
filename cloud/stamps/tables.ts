/** Rows of the stamp batches: one a batch, whatever its size. Nothing is stored about a single stamp. */
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
  };
}
