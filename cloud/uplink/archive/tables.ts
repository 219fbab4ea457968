import type { Generated } from 'kysely';

/** The archive's index. What is in it is in an object; an object that it does not name does not count. */
export interface ArchiveTables {
  /** Number 0: nothing yet; the row is there to be locked. */
  entry_heads: {
    gateway_id: string;
    number: number;
    hash: string;
    thinned: number;
    /** Rows up to here are packed. */
    packed_up_to: Generated<number>;
  };
  /** What one message brought, or once packed what many brought, in order. */
  entry_batches: {
    gateway_id: string;
    first_number: number;
    last_number: number;
    /** Numbers and hashes (frames.ts); of a packed row the last alone, which follows from all before it. */
    chain: Uint8Array;
    packed: Generated<boolean>;
    object: string;
    byte_offset: number;
    byte_length: number;
    /** When the last of it came. */
    received_at_ms: number;
  };
  /** Days on which objects were written that packed rows named before; gone when what no row names was deleted. */
  superseded_days: {
    /** As objects' names begin, e.g. `2026/11/22`. */
    day: string;
    /** When rows last ceased to name objects of it. */
    changed_at_ms: number;
    /** Some process deletes what was superseded until then. */
    claimed_until_ms: Generated<number>;
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
