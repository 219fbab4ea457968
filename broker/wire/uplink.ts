import { type Static, Type } from 'typebox';
import { AlarmRecord } from './alarm-records.ts';

/** What a gateway and its cloud tell each other. */

const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${bytes * 2}}$` });

/** One journal entry as it travels; see entry.ts for what is hashed and signed. */
export const UplinkEntry = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  previousHash: Hex(32),
  bootId: Hex(16),
  /** Milliseconds since that boot. */
  monotonicMs: Type.Integer({ minimum: 0 }),
  /** How many readings the payload holds; 0 for a record. */
  count: Type.Integer({ minimum: 0 }),
  firstAtMs: Type.Integer(),
  lastAtMs: Type.Integer(),
  /** Empty when it was thinned. */
  payload: Type.String(),
  /**
   * The payload was given up (a thinned record tells when); `hash` stands in for it, and the signature holds for that.
   * With `firstNumber` one entry stands for all from there to its own number; `previousHash` is then the first one's.
   */
  thinned: Type.Optional(
    Type.Object({ hash: Hex(32), firstNumber: Type.Optional(Type.Integer({ minimum: 1 })) }),
  ),
  signature: Hex(64),
});
export type UplinkEntry = Static<typeof UplinkEntry>;

/** `nongtin/v1/uplink/{gateway}/entries`; packed or plain (packing.ts) */
export const UplinkEntries = Type.Object({
  entries: Type.Array(UplinkEntry, { minItems: 1, maxItems: 1000 }),
});
export type UplinkEntries = Static<typeof UplinkEntries>;

/** `nongtin/v1/uplink/{gateway}/answer`: sent only when the entries are on the cloud's disk. */
export const UplinkAnswer = Type.Object({
  /** Every entry up to and including this number is durable in the cloud. */
  durableUpTo: Type.Integer({ minimum: 0 }),
  refused: Type.Optional(
    Type.Object({
      number: Type.Integer(),
      /** One of the refusal kinds (cloud/uplink/check.ts), which grow with time; version 0.1 gave none. */
      kind: Type.Optional(Type.String()),
      reason: Type.String(),
    }),
  ),
  /** The cloud's time: it dates a gateway that woke up without any. */
  atMs: Type.Optional(Type.Integer()),
});
export type UplinkAnswer = Static<typeof UplinkAnswer>;

const Name = Type.String({ minLength: 1, maxLength: 200 });
const Channel = Type.String({ maxLength: 64 });
const AtMs = Type.Integer({ minimum: -8_640_000_000_000_000, maximum: 8_640_000_000_000_000 });
/** It is no date and no count beyond what a number holds exactly. */
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const LiveReading = Type.Object({
  device: Name,
  metric: Name,
  channel: Channel,
  value: Type.Number(),
  /** Bits of the quality flags. */
  quality: Type.Integer({ minimum: 0, maximum: 0x7fff_ffff }),
  observedAtMs: AtMs,
});
export type UplinkLiveReading = Static<typeof LiveReading>;

const LiveZone = Type.Object({
  zone: Name,
  state: Name,
  /** null: its valve has not said anything yet. */
  valveOpen: Type.Union([Type.Boolean(), Type.Null()]),
  flowLitresPerMinute: Type.Union([Type.Number(), Type.Null()]),
});

const SummaryRow = Type.Object({
  device: Name,
  metric: Name,
  channel: Channel,
  startAtMs: AtMs,
  /** Good readings from there on, for as long as a step is; only they are in the other figures. */
  count: Count,
  min: Type.Number(),
  max: Type.Number(),
  last: Type.Number(),
});

/** What happened while there was no connection, in rows of at least an hour, before the entries themselves have come. */
export const UplinkSummary = Type.Object({
  /** Of the entries that it was made of. */
  firstNumber: Count,
  lastNumber: Count,
  /** Length of a row's time. */
  stepMs: Type.Integer({ minimum: 3_600_000 }),
  /** False: there was more than this covers, all of it older. */
  complete: Type.Boolean(),
  rows: Type.Array(SummaryRow, { maxItems: 1000 }),
});
export type UplinkSummary = Static<typeof UplinkSummary>;

/**
 * `nongtin/v1/uplink/{gateway}/live`: how the farm is now, ahead of entries that still wait. Not signed and not part of
 * any proof: whoever shows it says so, and entries replace it. Packed or plain, as entries are.
 */
export const UplinkLive = Type.Object({
  /** Number of the journal's newest entry; with `sequence` (from 1 at each start) the order of these messages. */
  number: Count,
  sequence: Count,
  /** By the gateway's clock. */
  atMs: AtMs,
  readings: Type.Array(LiveReading, { maxItems: 5000 }),
  zones: Type.Array(LiveZone, { maxItems: 1000 }),
  /** Those that are not cleared. */
  alarms: Type.Array(AlarmRecord, { maxItems: 200 }),
  /** What waits to be sent; no time when nothing waits, or when it is not known. */
  behind: Type.Object({ entries: Count, oldestAtMs: Type.Union([AtMs, Type.Null()]) }),
  summary: Type.Optional(UplinkSummary),
});
export type UplinkLive = Static<typeof UplinkLive>;
