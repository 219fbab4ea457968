import type { AnchorTables } from '../anchoring/tables.ts';
import type { CooperativeTables } from '../cooperatives/tables.ts';
import type { StampTables } from '../stamps/tables.ts';
import type { TraceabilityTables } from '../traceability/tables.ts';
import type { UplinkTables } from '../uplink/tables.ts';

/**
 * Every table, each declared by the folder that owns it. Column types, the same in both engines: text ↔ string,
 * int4/int8/float8 ↔ number, boolean, numeric ↔ string (for what a number cannot hold). Times are int8
 * milliseconds since 1970 UTC, digests and keys lower-case hex in text, JSON is canonical text.
 */
export type Schema = CooperativeTables & UplinkTables & TraceabilityTables & StampTables & AnchorTables;
