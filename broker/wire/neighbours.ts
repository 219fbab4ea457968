import { type Static, Type } from 'typebox';

/**
 * What the traps of other farms of the cooperative have caught: asked by a gateway, answered by its cloud. Both may be lost;
 * the gateway asks again, and an answer says of when it is.
 */

const AtMs = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** A local date of the farm that caught, YYYY-MM-DD. */
const LocalDate = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' });

/** Catches are handed out for so many days, today among them. */
export const NEIGHBOUR_DAYS = 14;
/** What an answer holds at most: at 64 kbit/s two seconds of a link. */
const MOST_FARMS = 20;
export const neighbourLimits = { farms: MOST_FARMS, catches: 300 } as const;

/** `nongtin/v1/uplink/{gateway}/neighbours/question` */
export const NeighbourQuestion = Type.Object({
  /** Where the farm is, degrees, rounded to hundredths (about a kilometre); both or neither. */
  latitude: Type.Optional(Type.Number({ minimum: -90, maximum: 90 })),
  longitude: Type.Optional(Type.Number({ minimum: -180, maximum: 180 })),
  /** Farms whose place is known to be further away are left out; default 10. */
  withinKm: Type.Optional(Type.Number({ minimum: 1, maximum: 50 })),
});
export type NeighbourQuestion = Static<typeof NeighbourQuestion>;

const NeighbourFarm = Type.Object({
  /** As the cooperative calls the place of its gateway; without a name a word that stays the same. */
  farm: Type.String({ minLength: 1, maxLength: 80 }),
  /** Whole kilometres; null: one of the two has not said where it is. */
  distanceKm: Type.Union([Type.Integer({ minimum: 0, maximum: 100 }), Type.Null()]),
  /** From the asking farm to this one, degrees from north, by eighths of the circle; null: not known, or beside it. */
  bearingDegrees: Type.Union([Type.Integer({ minimum: 0, maximum: 315 }), Type.Null()]),
  pests: Type.Array(
    Type.Object({
      /** Key in the library of pests. */
      pest: Type.String({ minLength: 1, maxLength: 64 }),
      /** Newest first. */
      days: Type.Array(
        Type.Object({ date: LocalDate, perTrapPerDay: Type.Number({ minimum: 0, maximum: 1_000_000 }) }),
        { minItems: 1, maxItems: 32 },
      ),
    }),
    { minItems: 1, maxItems: 100 },
  ),
});

/** What there is to tell. The nearest farms first, those of unknown place last. */
export const NeighbourCatches = Type.Object({
  /** By the cloud's clock. */
  atMs: AtMs,
  withinKm: Type.Number({ minimum: 1, maximum: 50 }),
  farms: Type.Array(NeighbourFarm, { maxItems: MOST_FARMS }),
  /** Farms that caught something too, and found no room. */
  leftOut: Type.Integer({ minimum: 0 }),
});
export type NeighbourCatches = Static<typeof NeighbourCatches>;

/** `nongtin/v1/uplink/{gateway}/neighbours/answer`; `refused`: the question was none, and what is wrong where. */
export const NeighbourAnswer = Type.Union([
  NeighbourCatches,
  Type.Object({ atMs: AtMs, refused: Type.String({ minLength: 1, maxLength: 500 }) }),
]);
export type NeighbourAnswer = Static<typeof NeighbourAnswer>;
