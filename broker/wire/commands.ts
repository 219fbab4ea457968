import { type Static, type TProperties, Type } from 'typebox';
import { Reason } from './reason.ts';

/**
 * Commands from the cloud to a farm, and what became of them. A command is a wish: the gateway's controller decides, within
 * the farm's own limits. It is executed at most once, never after its expiry, and answered with what the water did.
 */
const closed = { additionalProperties: false } as const;
const AtMs = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const CommandId = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
});
const ZoneId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
/** No run is longer than four hours, whatever a zone's own limit says. */
const RunSeconds = Type.Integer({ minimum: 1, maximum: 14_400 });
const SoilFraction = Type.Number({ exclusiveMinimum: 0, maximum: 0.6 });

/** What can be asked of a farm, and with which figures. */
export const commandOrders = {
  /** Waters the zone for so long: the lease. There is no opening without one. */
  start_zone: { zone: ZoneId, durationSeconds: RunSeconds },
  stop_zone: { zone: ZoneId },
  stop_all: {},
  /** Limit of every opening of the zone; never above the one that the farm has set itself. */
  set_limit: { zone: ZoneId, maxRunSeconds: RunSeconds },
  /** The zone is watered by itself when the soil is drier than the first, until the second, for at most so long. */
  change_program: {
    zone: ZoneId,
    openBelowFraction: SoilFraction,
    targetFraction: SoilFraction,
    runSeconds: RunSeconds,
  },
} as const satisfies Record<string, TProperties>;
export type CommandKind = keyof typeof commandOrders;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** How long after its issue each may be carried out at most. Water is for now; a change may wait for a farm that is offline. */
export const longestExpiryMs: Readonly<Record<CommandKind, number>> = {
  start_zone: 10 * MINUTE_MS,
  stop_zone: DAY_MS,
  stop_all: DAY_MS,
  set_limit: DAY_MS,
  change_program: DAY_MS,
};

const envelope = {
  id: CommandId,
  issuedAtMs: AtMs,
  /** From this moment on it is not carried out any more. */
  expiresAtMs: AtMs,
  /** Name of the account, as people at the farm are shown it. */
  issuedBy: Type.String({ minLength: 1, maxLength: 80 }),
};

/** `nongtin/v1/uplink/{gateway}/command` */
export const RemoteCommand = Type.Union([
  Type.Object({ ...envelope, kind: Type.Literal('start_zone'), ...commandOrders.start_zone }, closed),
  Type.Object({ ...envelope, kind: Type.Literal('stop_zone'), ...commandOrders.stop_zone }, closed),
  Type.Object({ ...envelope, kind: Type.Literal('stop_all'), ...commandOrders.stop_all }, closed),
  Type.Object({ ...envelope, kind: Type.Literal('set_limit'), ...commandOrders.set_limit }, closed),
  Type.Object({ ...envelope, kind: Type.Literal('change_program'), ...commandOrders.change_program }, closed),
]);
export type RemoteCommand = Static<typeof RemoteCommand>;

export const Settings = Type.Object({
  openBelowFraction: Type.Number(),
  targetFraction: Type.Number(),
  runSeconds: Type.Number(),
  maxRunSeconds: Type.Number(),
});
export type Settings = Static<typeof Settings>;

/** What the meters say of the runs that a command began or ended. */
const Water = Type.Object({
  runs: Type.Integer({ minimum: 0 }),
  plannedLitres: Type.Number(),
  /** Null when a meter told nothing. Never filled with the plan. */
  measuredLitres: Type.Union([Type.Number(), Type.Null()]),
  /** Null when nobody saw one of them end. */
  actualSeconds: Type.Union([Type.Number(), Type.Null()]),
  /** How the last of them ended: the outcome of its run record. */
  ended: Type.String(),
});
export type Water = Static<typeof Water>;

/**
 * One step of a command. `accepted`: the controller does it. `started`: water flows, as the meter says. The others are the
 * last word: `finished`: it is over, with what was measured; `refused`: nothing was done, and why; `expired`: too late,
 * nothing was done; `interrupted`: it was cut off, by a restart of the gateway or by the valve itself.
 */
export const CommandOutcome = Type.Object({
  commandId: CommandId,
  step: Type.Union([
    Type.Literal('accepted'),
    Type.Literal('started'),
    Type.Literal('finished'),
    Type.Literal('refused'),
    Type.Literal('expired'),
    Type.Literal('interrupted'),
  ]),
  /** By the gateway's clock. */
  atMs: AtMs,
  reason: Type.Optional(Reason),
  /** Of `started`. */
  flowLitresPerMinute: Type.Optional(Type.Number()),
  water: Type.Optional(Water),
  /** What a change was from, and to: what holds at the zone. */
  before: Type.Optional(Settings),
  after: Type.Optional(Settings),
});
export type CommandOutcome = Static<typeof CommandOutcome>;
export type CommandStep = CommandOutcome['step'];

/**
 * Said after subscribing, and when the clock becomes trusted: what waits for this gateway can be sent. The last will of the
 * same connection takes it back.
 */
export const GatewayReady = Type.Object({
  ready: Type.Boolean(),
  /** Tells connections apart: a will may come after the next one's word. */
  connection: Type.String({ minLength: 1, maxLength: 64 }),
  /** False: it knows no time for certain, so it can only stop. */
  clockTrusted: Type.Boolean(),
});

export type GatewayReady = Static<typeof GatewayReady>;

/** `nongtin/v1/uplink/{gateway}/outcome` */
export const GatewayOutcome = Type.Union([GatewayReady, CommandOutcome]);
export type GatewayOutcome = Static<typeof GatewayOutcome>;
