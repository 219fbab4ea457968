import canonicalize from 'canonicalize';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/**
 * Records: what a journal entry holds when it does not hold readings. Stored as RFC 8785 canonical JSON, so that
 * the digest of a record is the SHA-256 of exactly these bytes, everywhere.
 */

/** A sentence by key and figures, so that it is shown in the reader's language and its numbers stay checkable. */
export const Reason = Type.Object({
  key: Type.String(),
  figures: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
});
export type Reason = Static<typeof Reason>;

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

/** Durable before a valve is opened. */
export const IntentRecord = Type.Object({
  kind: Type.Literal('intent'),
  atMs: AtMs,
  runId: Type.String(),
  zone: Type.String(),
  valve: Type.String(),
  durationSeconds: Type.Number(),
  reason: Reason,
});

export const RunRecord = Type.Object({
  kind: Type.Literal('run'),
  runId: Type.String(),
  zone: Type.String(),
  valve: Type.String(),
  startedAtMs: AtMs,
  endedAtMs: AtMs,
  plannedSeconds: Type.Number(),
  /** By the farm's own clock (a time-lapse demo runs faster than UTC). */
  actualSeconds: Type.Number(),
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
  ]),
  reason: Reason,
});
export type RunRecord = Static<typeof RunRecord>;

export const AlarmRecord = Type.Object({
  kind: Type.Literal('alarm'),
  alarmId: Type.String(),
  atMs: AtMs,
  severity: Type.Union([Type.Literal('critical'), Type.Literal('high'), Type.Literal('low')]),
  state: Type.Union([Type.Literal('active'), Type.Literal('acknowledged'), Type.Literal('cleared')]),
  source: Type.String(),
  reason: Reason,
});
export type AlarmRecord = Static<typeof AlarmRecord>;

/** A payload that could not be read: kept (its head), acknowledged, counted, shown. */
export const QuarantineRecord = Type.Object({
  kind: Type.Literal('quarantine'),
  atMs: AtMs,
  device: Type.String(),
  topic: Type.String(),
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
});
export type HarvestRecord = Static<typeof HarvestRecord>;

export const JournalRecord = Type.Union([
  BootRecord,
  LayoutRecord,
  IntentRecord,
  RunRecord,
  AlarmRecord,
  QuarantineRecord,
  HarvestRecord,
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
