/** Rows of the lots. */
export interface TraceabilityTables {
  lots: {
    lot_number: string;
    cooperative_id: string;
    gtin14: string;
    gateway_id: string;
    harvest_id: string;
    /** The LotRecord as RFC 8785 canonical JSON: the bytes whose SHA-256 is `digest`. */
    record: string;
    /** 64 hex digits. */
    digest: string;
    closed_at_ms: number;
    closed_by: string;
  };
}
