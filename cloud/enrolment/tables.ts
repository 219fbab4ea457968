/** Rows of the codes with which gateways claim their place. */
export interface EnrolmentTables {
  claim_codes: {
    /** By which people name it; says nothing about the code. */
    claim_id: string;
    /** HMAC-SHA-256 of the code, 64 hex digits: the code itself is kept nowhere. */
    code_mac: string;
    gateway_id: string;
    cooperative_id: string;
    label: string;
    created_by: string;
    created_at_ms: number;
    expires_at_ms: number;
    withdrawn_at_ms: number | null;
    withdrawn_by: string | null;
    used_at_ms: number | null;
    /** The public key that claimed with it, 64 hex digits. */
    used_by_key: string | null;
  };
}
