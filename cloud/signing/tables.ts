import type { Generated } from 'kysely';

/** Rows of the keys that cooperatives sign with, and of their signatures. */
export interface SigningTables {
  signing_keys: {
    /** cooperativeKeyId of `address`: 0x and 64 hex digits. */
    key_id: string;
    cooperative_id: string;
    /** 0x and 40 lower-case hex digits. */
    address: string;
    /** Null: the key is in a wallet of the manager's, or was wiped when it was retired. */
    wrapped_secret: string | null;
    held: 'here' | 'wallet';
    label: string;
    added_at_ms: number;
    added_by: string;
    /** Null, as all of a retirement, while it is in use. */
    retired_at_ms: number | null;
    retired_by: string | null;
    retired_reason: string | null;
    /** Stolen: nothing anchored from then on counts. Null: an end that was planned. */
    revoked_from_ms: number | null;
  };
  /** What is signed or waits for it; records that nobody has a key for have no row. */
  record_signatures: {
    /** What was signed, as in `leaves`. */
    ref_kind: string;
    ref_id: string;
    cooperative_id: string;
    kind: string;
    /** 64 hex digits. */
    digest: string;
    asked_at_ms: number;
    /** Null, as what follows, until it is signed. */
    key_id: string | null;
    /** 65 bytes r | s | v, 0x in front. */
    signature: string | null;
    signed_at_ms: number | null;
    /** Who brought it; null: made here. */
    signed_by: string | null;
    /** Its key was stolen by the time it was first anchored: it counts on no chain. */
    disowned: Generated<boolean>;
  };
}
