import { type Static, Type } from 'typebox';

/**
 * Payloads that travel on our own topics. Foreign formats (Tasmota) are read by profiles in edge/profiles.
 * Times are ISO 8601 with an offset, or absent; durations are seconds; volumes litres; flows litres a minute.
 */

/** `nongtin/v1/{device}/readings`: metric names as keys; `time` and `seq` (a counter) are optional. */
export const PlainReadings = Type.Object(
  { time: Type.Optional(Type.String()), seq: Type.Optional(Type.Integer({ minimum: 0 })) },
  { additionalProperties: true },
);

/** A command carries its own id, so that it is executed at most once and answered by name. */
export const ValveCommand = Type.Union([
  Type.Object({
    id: Type.String({ minLength: 1, maxLength: 64 }),
    action: Type.Literal('open'),
    /** The lease: the valve closes by itself when it ends. There is no opening without one. */
    durationSeconds: Type.Integer({ minimum: 1, maximum: 86_400 }),
  }),
  Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }), action: Type.Literal('close') }),
]);
export type ValveCommand = Static<typeof ValveCommand>;

export const ValveState = Type.Object(
  {
    time: Type.Optional(Type.String()),
    state: Type.Union([Type.Literal('open'), Type.Literal('closed')]),
    /** Why it is in this state. */
    cause: Type.Union([
      Type.Literal('command'),
      Type.Literal('lease_ended'),
      Type.Literal('boot'),
      Type.Literal('periodic'),
    ]),
    /** Command that opened or closed it last; absent after a boot. */
    commandId: Type.Optional(Type.String({ maxLength: 64 })),
    flowLitresPerMinute: Type.Number({ minimum: 0 }),
    /** Counter of the meter since it was installed. */
    totalLitres: Type.Number({ minimum: 0 }),
  },
  { additionalProperties: true },
);
export type ValveState = Static<typeof ValveState>;

export const DeviceStatus = Type.Union([Type.Literal('online'), Type.Literal('offline')]);

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

/** `nongtin/v1/uplink/{gateway}/entries` */
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
      reason: Type.String(),
      /** `revoked`: whatever this gateway sends is refused, for good. */
      kind: Type.Optional(Type.String()),
    }),
  ),
  /** The cloud's time: it dates a gateway that woke up without any. */
  atMs: Type.Optional(Type.Integer()),
});
export type UplinkAnswer = Static<typeof UplinkAnswer>;
