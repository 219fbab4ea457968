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
