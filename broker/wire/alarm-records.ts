import { type Static, Type } from 'typebox';
import { Reason } from './reason.ts';

/** Records of alarms (ISA-18.2, IEC 62682), and of who has put a device or a zone out of the way of being told. */

const AtMs = Type.Integer();
const OrNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) =>
  Type.Union([type, Type.Null()]);

/** One reading by which a condition was judged. */
const JudgedReading = Type.Object({
  device: Type.String(),
  channel: Type.String(),
  value: Type.Number(),
  atMs: AtMs,
});

/** Why a condition of the farm's own has become an alarm: the rule as it stood then, and the readings that met it. */
export const AlarmRule = Type.Object({
  id: Type.String(),
  metric: Type.String(),
  unit: Type.String(),
  comparison: Type.Union([Type.Literal('above'), Type.Literal('below')]),
  limit: Type.Number(),
  deadBand: Type.Number(),
  onDelaySeconds: Type.Number(),
  offDelaySeconds: Type.Number(),
  /** The first that met it and the newest before it was raised; quality 0 or fit for control. */
  readings: Type.Array(JudgedReading),
});
export type AlarmRule = Static<typeof AlarmRule>;

/**
 * One change of an alarm; the newest record of an `alarmId` is its state. `state` speaks of the condition alone: 'cleared' means that it
 * is over, whether or not somebody has acknowledged it. What follows `reason` is absent in earlier records.
 */
export const AlarmRecord = Type.Object({
  kind: Type.Literal('alarm'),
  alarmId: Type.String(),
  atMs: AtMs,
  severity: Type.Union([Type.Literal('critical'), Type.Literal('high'), Type.Literal('low')]),
  state: Type.Union([Type.Literal('active'), Type.Literal('acknowledged'), Type.Literal('cleared')]),
  /** A device, a zone, a source of water, or a part of the gateway. */
  source: Type.String(),
  reason: Reason,
  /**
   * What has happened: raised, cleared, acknowledged, reset, concealed, revealed, chattering, escalated, grown; 'carried': nothing, it
   * was written again because its last record had become old.
   */
  change: Type.Optional(Type.String()),
  /** The state by ISA-18.2, what conceals it included: one of AlarmState in edge/alarms/change.ts. */
  alarmState: Type.Optional(Type.String()),
  /** The state beneath what conceals it. */
  baseState: Type.Optional(Type.String()),
  /** Which condition it is of, where `reason.key` does not tell: several rules of one device share a key. */
  point: Type.Optional(Type.String()),
  /** When its condition began to stand, this time, and how often it did since nobody had acknowledged it. */
  raisedAtMs: Type.Optional(AtMs),
  occurrences: Type.Optional(Type.Integer({ minimum: 1 })),
  latching: Type.Optional(Type.Boolean()),
  mustAcknowledge: Type.Optional(Type.Boolean()),
  acknowledged: Type.Optional(
    OrNull(Type.Object({ by: Type.String(), atMs: AtMs, comment: OrNull(Type.String()) })),
  ),
  shelved: Type.Optional(
    Type.Object({ sinceMs: AtMs, untilMs: AtMs, by: Type.String(), why: Type.String() }),
  ),
  /** Its device or zone is being maintained, or it is out of service (`untilMs` null). */
  maintained: Type.Optional(Type.Object({ untilMs: OrNull(AtMs), by: Type.String(), why: Type.String() })),
  /** The alarm that conceals it: its cause. */
  causeId: Type.Optional(Type.String()),
  /** Of a cause: whose alarms it conceals. */
  behind: Type.Optional(
    Type.Object({ count: Type.Integer({ minimum: 0 }), sources: Type.Array(Type.String()) }),
  ),
  /** How often it came and went while it was told once only. */
  chattered: Type.Optional(Type.Integer({ minimum: 0 })),
  escalation: Type.Optional(Type.Integer({ minimum: 0 })),
  rule: Type.Optional(AlarmRule),
});
export type AlarmRecord = Static<typeof AlarmRecord>;

/** Alarms of a device, a zone or a source of water (`subject`), or one alarm ('point SOURCE KEY'), are not told for a while. */
export const MaintenanceRecord = Type.Object({
  kind: Type.Literal('maintenance'),
  atMs: AtMs,
  subject: Type.String(),
  holds: Type.Boolean(),
  /** Null: until it is taken back; of one alarm that is out of service. */
  untilMs: OrNull(AtMs),
  /** Name of the account. */
  by: Type.String(),
  why: Type.String(),
});
export type MaintenanceRecord = Static<typeof MaintenanceRecord>;
