import type { Generated } from 'kysely';

/** Rows of the cooperatives, what they sell and whose signatures count for them. */
export interface CooperativeTables {
  cooperatives: {
    /** Slug, e.g. `htx-ham-minh`. */
    id: string;
    /** bytes32 as 0x and 64 hex digits: the cooperative's name on the chain. */
    chain_id: string;
    name: string;
    created_at_ms: number;
  };
  products: {
    gtin14: string;
    cooperative_id: string;
    name_vi: string;
    name_en: string;
  };
  gateways: {
    gateway_id: string;
    cooperative_id: string;
    /** Ed25519, 64 hex digits. */
    public_key: string;
    /** E-mail of the account that registered it. */
    registered_by: string;
    registered_at_ms: number;
    /** Where it stands, in a person's words. */
    label: Generated<string>;
    revoked: boolean;
    /** The time from which nothing of it counts any more; null, as all of a revocation, while it is not revoked. */
    revoked_from_ms: number | null;
    revoked_at_ms: number | null;
    revoked_by: string | null;
    revoked_reason: string | null;
    /** Of the newest client certificate it was given; null: none. */
    certificate_serial: string | null;
    certificate_ends_at_ms: number | null;
  };
}
