import canonicalize from 'canonicalize';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { AlarmRecord, MaintenanceRecord } from './alarm-records.ts';
import { CommandOutcome, RemoteCommand, Settings } from './commands.ts';
import { HarvestOverride, ProductListRecord, SprayRecord } from './crop-protection-records.ts';
import { DiaryRevisionRecord } from './diary/revision.ts';
import {
  DoseAllowanceRecord,
  DoseCalibrationRecord,
  DoseRecord,
  DoseStandingRecord,
  TankFillRecord,
} from './fertigation-records.ts';
import { NotificationRecord } from './notification-records.ts';
import { PestBiofixRecord, PestPressureRecord, PestSeenRecord, TrapCountRecord } from './pest-records.ts';
import { Reason } from './reason.ts';
import { ProgramHoldRecord, WaterBalanceRecord, WeatherHourRecord } from './water-records.ts';

/**
 * Records: what a journal entry holds when it does not hold readings. Stored as RFC 8785 canonical JSON, so that
 * the digest of a record is the SHA-256 of exactly these bytes, everywhere.
 */

const AtMs = Type.Integer();

export const BootRecord = Type.Object({
  kind: Type.Literal('boot'),
  atMs: AtMs,
  gateway: Type.String(),
  publicKey: Type.String(),
  softwareVersion: Type.String(),
});

/** Which device stands where. Journaled at each change, so that a season's readings can be told by plot. */
export const LayoutRecord = Type.Object({
  kind: Type.Literal('layout'),
  atMs: AtMs,
  plots: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      crop: Type.String(),
      plantingAreaCode: Type.Optional(Type.String()),
      areaHectares: Type.Number(),
      zones: Type.Array(
        Type.Object({ id: Type.String(), name: Type.String(), devices: Type.Array(Type.String()) }),
      ),
    }),
  ),
  /** Devices that serve the whole farm (weather, fertilizer station, traps). */
  farmDevices: Type.Array(Type.String()),
});
export type LayoutRecord = Static<typeof LayoutRecord>;

/** Which cycle of which decision of a program it is; absent where no program decided. A cycle is begun once. */
const Cycle = {
  decisionId: Type.Optional(Type.String()),
  cycle: Type.Optional(Type.Integer()),
};

/** Durable before a valve is opened. */
export const IntentRecord = Type.Object({
  kind: Type.Literal('intent'),
  atMs: AtMs,
  runId: Type.String(),
  zone: Type.String(),
  valve: Type.String(),
  durationSeconds: Type.Number(),
  ...Cycle,
  reason: Reason,
});

export const RunRecord = Type.Object({
  kind: Type.Literal('run'),
  runId: Type.String(),
  zone: Type.String(),
  valve: Type.String(),
  startedAtMs: AtMs,
  /** Of one that a restart cut off: when it was over at the latest. */
  endedAtMs: AtMs,
  plannedSeconds: Type.Number(),
  /** By the farm's own clock (a time-lapse demo runs faster than UTC); null when nobody saw it end. Never filled with the plan. */
  actualSeconds: Type.Union([Type.Number(), Type.Null()]),
  plannedLitres: Type.Number(),
  /** From the meter's counter; null when the meter gave none. Never filled with the plan. */
  measuredLitres: Type.Union([Type.Number(), Type.Null()]),
  soilMoistureBefore: Type.Union([Type.Number(), Type.Null()]),
  soilMoistureAfter: Type.Union([Type.Number(), Type.Null()]),
  outcome: Type.Union([
    Type.Literal('completed'),
    Type.Literal('target_reached'),
    Type.Literal('stopped'),
    Type.Literal('no_flow'),
    Type.Literal('leak'),
    Type.Literal('no_answer'),
    Type.Literal('interrupted'),
    /** Asked for from afar or by a program, and too late when it could have begun: it never did. */
    Type.Literal('expired'),
    /** Its meter said nothing, or its counter stood still: how much ran is not known. */
    Type.Literal('meter_failed'),
  ]),
  /** What proved that water ran: `unmetered` means that nothing could; absent, that nothing did. */
  proof: Type.Optional(Type.Union([Type.Literal('metered'), Type.Literal('unmetered')])),
  ...Cycle,
  reason: Reason,
});
export type RunRecord = Static<typeof RunRecord>;

/** Why a payload was not read, or not all of it; `suppressed` stands for those of which there were too many to keep. */
export const quarantineCauses = [
  'too_large',
  'not_utf8',
  'invalid_json',
  'not_an_object',
  'too_many_fields',
  'too_deep',
  'wrong_shape',
  'no_reading',
  'field_not_understood',
  'codec_failed',
  'suppressed',
] as const;
export type QuarantineCause = (typeof quarantineCauses)[number];

/** A payload that could not be read: kept (its head), acknowledged, counted, shown. */
export const QuarantineRecord = Type.Object({
  kind: Type.Literal('quarantine'),
  atMs: AtMs,
  device: Type.String(),
  topic: Type.String(),
  /** A QuarantineCause, or one of another version. */
  cause: Type.String(),
  detail: Type.String(),
  sizeBytes: Type.Integer(),
  sha256: Type.String(),
  headBase64: Type.String(),
});
export type QuarantineRecord = Static<typeof QuarantineRecord>;

export const HarvestRecord = Type.Object({
  kind: Type.Literal('harvest'),
  harvestId: Type.String(),
  atMs: AtMs,
  plot: Type.String(),
  quantityKg: Type.Number({ exclusiveMinimum: 0 }),
  /** Account that recorded it. */
  recordedBy: Type.String(),
  seasonStartedAtMs: AtMs,
  /** It lay within a pre-harvest interval, and a manager has let it be. */
  override: Type.Optional(HarvestOverride),
  /** It says anew what an earlier record of this harvest said, because the diary was corrected. The last one counts. */
  correction: Type.Optional(
    Type.Object({
      /** From 1, counted for each harvest. */
      revision: Type.Integer({ minimum: 1 }),
      /** It was no harvest, or is told elsewhere. */
      withdrawn: Type.Boolean(),
    }),
  ),
});
export type HarvestRecord = Static<typeof HarvestRecord>;

/**
 * Dates a boot that began without a trusted clock. During such a boot the gateway's clock is the time it woke up with
 * plus what has passed by the monotonic clock, so one difference dates all of its readings: utcMs - provisionalMs.
 * The first record of a boot dates it; a later one says that the first was wrong.
 */
export const ClockRecord = Type.Object({
  kind: Type.Literal('clock'),
  /** UTC of this record, trusted. */
  atMs: AtMs,
  /** 32 hex digits: the boot that is dated, which need not be the one that writes this. */
  bootId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  /** One moment of that boot, by its own clock … */
  provisionalMs: AtMs,
  /** … and in UTC. */
  utcMs: AtMs,
  source: Type.Union([Type.Literal('system'), Type.Literal('cloud'), Type.Literal('person')]),
});
export type ClockRecord = Static<typeof ClockRecord>;

/** Payloads that were given up to keep the journal within its size: numbers, hashes and signatures stay. */
export const ThinnedRecord = Type.Object({
  kind: Type.Literal('thinned'),
  atMs: AtMs,
  firstNumber: Type.Integer({ minimum: 1 }),
  lastNumber: Type.Integer({ minimum: 1 }),
  /** Entries whose payload was given up, all of them of readings; records are never thinned. */
  entries: Type.Integer({ minimum: 1 }),
  readings: Type.Integer({ minimum: 0 }),
  /** Observation times of the earliest and the latest reading given up. */
  firstAtMs: AtMs,
  lastAtMs: AtMs,
  /** False: some had not been delivered everywhere. */
  delivered: Type.Boolean(),
});
export type ThinnedRecord = Static<typeof ThinnedRecord>;

/** What a person said a raw field means; it holds from here on. */
export const MappingRecord = Type.Object({
  kind: Type.Literal('mapping'),
  atMs: AtMs,
  device: Type.String(),
  /** Channel of the raw field. */
  channel: Type.String(),
  /** Absent: the field is raw again. */
  metric: Type.Optional(Type.String()),
  /** Unit the field is given in; absent: the metric's own. */
  unit: Type.Optional(Type.String()),
  /** Channel of the mapped readings; absent: the raw field's. */
  toChannel: Type.Optional(Type.String()),
  /** Account that recorded it. */
  recordedBy: Type.String(),
});
export type MappingRecord = Static<typeof MappingRecord>;

/**
 * What became of one device's place on the farm. A series keeps its name when its sensor is replaced, so this says which
 * hardware stands behind it from here on.
 */
export const PlacementRecord = Type.Object({
  kind: Type.Literal('placement'),
  atMs: AtMs,
  /** The name under which its series are kept. */
  device: Type.String(),
  action: Type.Union([
    Type.Literal('placed'),
    Type.Literal('renamed'),
    Type.Literal('replaced'),
    Type.Literal('retired'),
  ]),
  /** What people call it. */
  name: Type.Optional(Type.String()),
  zone: Type.Optional(Type.String()),
  /** soil_probe, valve, flow_meter, sensor or farm. */
  role: Type.Optional(Type.String()),
  /** Of 'replaced': the device that speaks in its place, and the one that did before. */
  hardware: Type.Optional(Type.String()),
  formerHardware: Type.Optional(Type.String()),
  /** Account that recorded it. */
  recordedBy: Type.String(),
});
export type PlacementRecord = Static<typeof PlacementRecord>;

const Measured = Type.Union([Type.Number(), Type.Null()]);

/**
 * A valve opened for some seconds while a person stood beside it, and was then left to close by itself. Seconds are the
 * farm's own (a time-lapse demo runs faster than UTC); null: not seen.
 */
export const WetTestRecord = Type.Object({
  kind: Type.Literal('wet_test'),
  /** Also the id of its run. */
  testId: Type.String(),
  atMs: AtMs,
  endedAtMs: AtMs,
  zone: Type.String(),
  valve: Type.String(),
  /** Canonical JSON of how the valve and its meter are reached: the result counts for these alone. */
  address: Type.String(),
  /** Of the valve's device, as far as it was told; another one needs another test. */
  firmware: Type.Optional(Type.String()),
  /** 'void': cut off by a restart. 'assumed': a simulated valve of the demo, never tested. */
  outcome: Type.Union([
    Type.Literal('passed'),
    Type.Literal('failed'),
    Type.Literal('stopped'),
    Type.Literal('void'),
    Type.Literal('assumed'),
  ]),
  /** What the valve was told, and when it should have closed by itself. */
  leaseSeconds: Type.Number(),
  cutOffSeconds: Type.Number(),
  /** From the command until it said that it is open. */
  openedAfterSeconds: Measured,
  /** From then until it said that it is closed, by itself. */
  closedAfterSeconds: Measured,
  /** From then until its meter saw no water any more. */
  dryAfterSeconds: Measured,
  /** By the meter's counter. */
  litres: Measured,
  /** By the meter, while it was open. */
  flowLitresPerMinute: Measured,
  nominalLitresPerMinute: Type.Number(),
  /** What a person has measured by hand. */
  bucketLitres: Type.Optional(Type.Number()),
  /** What was found, the worst first. */
  findings: Type.Array(Reason),
  /** Account that started it. */
  recordedBy: Type.String(),
});
export type WetTestRecord = Static<typeof WetTestRecord>;
/** A command from the cloud, before anything is done about it: its id is known from here on, and never acted upon again. */
export const RemoteCommandRecord = Type.Object({
  kind: Type.Literal('remote_command'),
  atMs: AtMs,
  command: RemoteCommand,
});

/** What became of a command, step by step. */
export const RemoteOutcomeRecord = Type.Object({
  kind: Type.Literal('remote_outcome'),
  ...CommandOutcome.properties,
});

/** How a zone is watered from here on, where that is not what the farm's own file says. */
export const ZoneSettingsRecord = Type.Object({
  kind: Type.Literal('zone_settings'),
  atMs: AtMs,
  zone: Type.String(),
  before: Settings,
  after: Settings,
  /** What the farm's file said then: once it says something else, this record holds no more. */
  farm: Settings,
  /** Name of the account. */
  changedBy: Type.String(),
  /** The remote command that asked for it. */
  commandId: Type.String(),
});
export type ZoneSettingsRecord = Static<typeof ZoneSettingsRecord>;

/** A person at the farm has stopped a zone, or has opened or unlocked one that was stopped so. */
export const HandsOffRecord = Type.Object({
  kind: Type.Literal('hands_off'),
  atMs: AtMs,
  zone: Type.String(),
  /** Whether from here on nobody opens it from afar for a while. */
  holds: Type.Boolean(),
});
export type HandsOffRecord = Static<typeof HandsOffRecord>;

export const JournalRecord = Type.Union([
  BootRecord,
  LayoutRecord,
  IntentRecord,
  RunRecord,
  AlarmRecord,
  QuarantineRecord,
  HarvestRecord,
  ClockRecord,
  ThinnedRecord,
  MappingRecord,
  PlacementRecord,
  WetTestRecord,
  RemoteCommandRecord,
  RemoteOutcomeRecord,
  ZoneSettingsRecord,
  HandsOffRecord,
  NotificationRecord,
  WeatherHourRecord,
  ProgramHoldRecord,
  WaterBalanceRecord,
  ProductListRecord,
  SprayRecord,
  MaintenanceRecord,
  DiaryRevisionRecord,
  TrapCountRecord,
  PestSeenRecord,
  PestBiofixRecord,
  PestPressureRecord,
  DoseAllowanceRecord,
  DoseRecord,
  DoseCalibrationRecord,
  TankFillRecord,
  DoseStandingRecord,
]);
export type JournalRecord = Static<typeof JournalRecord>;

const validator = Compile(JournalRecord);

export function encodeRecord(record: JournalRecord): string {
  return canonicalJson(record);
}

/** Reads a record back; throws a SyntaxError that names what is wrong. */
export function parseRecord(payload: string): JournalRecord {
  const value: unknown = JSON.parse(payload);
  if (validator.Check(value)) return value;
  throw new SyntaxError(`not a journal record: ${payload.slice(0, 200)}`);
}

/** RFC 8785. Throws on what JSON cannot hold (NaN, undefined at the top). */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('nothing to encode');
  return text;
}
