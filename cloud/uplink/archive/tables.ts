/** The archive's index. What is in it is in an object; an object that it does not name does not count. */
export interface ArchiveTables {
  /** Number 0: nothing yet; the row is there to be locked. */
  entry_heads: { gateway_id: string; number: number; hash: string; thinned: number };
  /** What one message brought, in order. */
  entry_batches: {
    gateway_id: string;
    first_number: number;
    last_number: number;
    /** Numbers and hashes (frames.ts). */
    chain: Uint8Array;
    object: string;
    byte_offset: number;
    byte_length: number;
    received_at_ms: number;
  };
  entry_forks: {
    gateway_id: string;
    number: number;
    offered_hash: string;
    held_hash: string;
    /** JSON of the contradicting entry, with its signature. */
    entry: string;
    seen_at_ms: number;
  };
}
