import { type TProperties, Type } from 'typebox';

/** One MQTT message to a device. Only the controller sends them. */
export interface Command {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 1;
}

export interface CloseWish {
  /** Unique; where a family has a place for an id, its answer names it. */
  readonly commandId: string;
  /** Now, UTC milliseconds: for families whose commands expire. */
  readonly atMs: number;
}

interface OpenWish extends CloseWish {
  /** Whole seconds, at least 1 and at most the zone's limit; there is no opening without. */
  readonly durationSeconds: number;
}

interface ProvisionWish extends CloseWish {
  /** The longest that the zone may be open in one go. */
  readonly limitSeconds: number;
}

/**
 * What one valve is told, in its family's own words. Pure: an address and a wish in, messages out. Every opening makes
 * the device close by itself (design, safety rule 1); a family that cannot has no actuator.
 */
export interface Actuator {
  /** Throws a RangeError on a duration that the device cannot be held to. */
  open(wish: OpenWish): readonly Command[];
  close(wish: CloseWish): readonly Command[];
  /**
   * What makes the device close by itself even if it is switched on by hand, and stay closed after a power cut; sent
   * at each start of the gateway and whenever the device comes back. Empty where the family has no such setting.
   */
  provision(wish: ProvisionWish): readonly Command[];
  /** The device's own cut-off for an opening of this many seconds: that, rounded up to what the family can express. */
  cutOffSeconds(durationSeconds: number): number;
  /** Whether opening an open valve begins its time anew; each family's file says where that is written. */
  readonly isRearmed: boolean;
  /** The longest cut-off the device can be told, in seconds. */
  readonly longestSeconds: number;
  /** How long an answer may take, where that is longer than usual. */
  readonly answerSeconds?: number | undefined;
  /** What it switches, however that is written down: two addresses of one and the same relay or valve have the same outlet. */
  readonly outlet: string;
  /** Channel of the `valve_open` readings that tell of this output; undefined: the device has only one. */
  readonly stateChannel: string | undefined;
}

const DeviceName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}(\\..{1,64})?$',
  description: 'as the gateway shows it: an identity, or IDENTITY.NAME of a device behind a bridge',
});

/** Address of a valve of one family, as it stands in farm.json. */
export function addressOf<const Family extends string, Own extends TProperties>(family: Family, own: Own) {
  return Type.Object(
    {
      family: Type.Literal(family),
      device: DeviceName,
      /** Channel of its `valve_open` readings, when it is not the one that the family gives this output. */
      channel: Type.Optional(Type.String({ maxLength: 64 })),
      /** Who proves that water flows: this device itself or another one. Null: nobody does, so only people open it. */
      flowMeter: Type.Union([
        Type.Object(
          {
            device: DeviceName,
            channel: Type.Optional(Type.String({ maxLength: 64 })),
            /** How often it speaks while water runs, where that is more than 100 s apart. */
            everySeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600 })),
          },
          { additionalProperties: false },
        ),
        Type.Null(),
      ]),
      /** How long an answer may take, when it is longer than usual: the uplink interval of a sleeping device. */
      answerSeconds: Type.Optional(Type.Integer({ minimum: 5, maximum: 7_200 })),
      ...own,
    },
    { additionalProperties: false },
  );
}

/** The credential that speaks for a device, and the device's name behind it (empty when it speaks itself). */
export function speakerOf(device: string): { readonly speaker: string; readonly name: string } {
  const dot = device.indexOf('.');
  return dot < 0
    ? { speaker: device, name: '' }
    : { speaker: device.slice(0, dot), name: device.slice(dot + 1) };
}

/** A duration as a family takes it, or a RangeError: what is not a whole second within the device's limit opens nothing. */
export function checkedSeconds(durationSeconds: number, longestSeconds: number): number {
  if (Number.isInteger(durationSeconds) && durationSeconds >= 1 && durationSeconds <= longestSeconds)
    return durationSeconds;
  throw new RangeError(
    `a valve is opened for whole seconds from 1 to ${longestSeconds}, not ${durationSeconds}`,
  );
}
