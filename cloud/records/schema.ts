import type { AnchorTables } from '../anchoring/tables.ts';
import type { ChangeTables } from '../change-log/tables.ts';
import type { CommandTables } from '../commands/tables.ts';
import type { CooperativeTables } from '../cooperatives/tables.ts';
import type { EnrolmentTables } from '../enrolment/tables.ts';
import type { PestTables } from '../pests/tables.ts';
import type { RegistryTables } from '../registry/tables.ts';
import type { SeriesTables } from '../series/tables.ts';
import type { SigningTables } from '../signing/tables.ts';
import type { StampTables } from '../stamps/tables.ts';
import type { TraceabilityTables } from '../traceability/tables.ts';
import type { ArchiveTables } from '../uplink/archive/tables.ts';
import type { NatsTables } from '../uplink/nats/tables.ts';
import type { UplinkTables } from '../uplink/tables.ts';

/**
 * Every table, each declared by the folder that owns it. Column types, the same in both engines: text ↔ string,
 * int4/int8/float8 ↔ number, boolean, numeric ↔ string (for what a number cannot hold). Times are int8
 * milliseconds since 1970 UTC, JSON is canonical text. Digests, entry hashes, keys and signatures are lower-case hex;
 * what the chain shows as well (cooperative ids, roots, transactions) has 0x in front.
 */
export type Schema = CooperativeTables &
  EnrolmentTables &
  UplinkTables &
  SeriesTables &
  ArchiveTables &
  NatsTables &
  TraceabilityTables &
  SigningTables &
  StampTables &
  AnchorTables &
  CommandTables &
  PestTables &
  RegistryTables &
  ChangeTables;
